package kernel

// native lists the assembly back ends of this machine.
func native() []Set { return nil }
