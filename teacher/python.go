package teacher

// Interpreter finds the Python of a virtual environment, or checks one that was named; "" is python3.
func Interpreter(name string) (string, error) { return interpreter(name) }

// Unpack writes the scripts that run with a teacher's Python to a folder of their own, as the package mlff_worker. The
// caller removes the folder.
func Unpack() (string, error) { return unpackScripts() }

// Parts are what the name of a teacher says: kind, target with the absolute paths of files, and arguments.
func Parts(full string) (kind, target string, arguments map[string]string, err error) {
	n, err := parseName(full)
	return n.kind, absoluteFiles(n.target), n.arguments, err
}
