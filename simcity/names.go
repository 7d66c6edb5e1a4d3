package simcity

import (
	"fmt"
	"strings"
)

// nameOf is the name of a small enumeration's value.
func nameOf[T ~uint8](names []string, value T) string {
	if int(value) < len(names) {
		return names[value]
	}
	return fmt.Sprintf("unknown(%d)", uint8(value))
}

// parseName sets value to the one of that name.
func parseName[T ~uint8](names []string, value *T, text []byte) error {
	for i, name := range names {
		if name == string(text) {
			*value = T(i)
			return nil
		}
	}
	return fmt.Errorf("simcity: unknown name %q; allowed: %s", text, strings.Join(names, ", "))
}
