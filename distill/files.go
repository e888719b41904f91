package distill

// Files are all that a configuration names, the teacher's among them, relative to the working directory.
func (c *Config) Files() []string {
	var files []string
	c.mapped(func(path string) string {
		files = append(files, path)
		return path
	})
	return files
}

// TeacherFiles are the files that a teacher's name holds.
func TeacherFiles(name string) []string { return (&Config{Teacher: name}).Files() }
