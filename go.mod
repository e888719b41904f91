module mlff

go 1.26
