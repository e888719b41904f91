module mlff/kernel/gen

go 1.26.0

require (
	github.com/mmcloughlin/avo v0.5.0
	golang.org/x/sys v0.49.0
	mlff v0.0.0
)

require (
	golang.org/x/mod v0.23.0 // indirect
	golang.org/x/sync v0.12.0 // indirect
	golang.org/x/tools v0.30.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
)

replace mlff => ../..
