package eventstore

// Versions returns the number of versions of each type of event, which is the current one.
func Versions() map[string]int {
	versions := make(map[string]int)
	for name, t := range eventTypes {
		versions[name] = len(t.schemas)
	}
	return versions
}
