package testhooks

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// checkEnvironment refuses an environment that is not on the allow-list.
func checkEnvironment(name string) error {
	allowed := []string{"test", "staging", "recovery", "local"}
	if list := os.Getenv("SIMCITY_ALLOWED_ENVS"); list != "" {
		allowed = strings.Split(list, ",")
	}
	if slices.Contains(allowed, name) {
		return nil
	}
	return &simcity.FieldError{Field: "testhooks.Config.Environment", Value: fmt.Sprintf("%q", name), Allowed: strings.Join(allowed, ", "), Fix: "do not mount test hooks there"}
}
