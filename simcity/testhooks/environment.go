package testhooks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bookiji/simcity/internal/staging"
	"github.com/bookiji/simcity/simcity"
)

// checkEnvironment refuses an environment that is not on the allow-list.
func checkEnvironment(name string) error {
	rules := staging.FromEnvironment()
	if err := rules.Check(); err != nil {
		return err
	}
	if slices.Contains(rules.Environments, name) {
		return nil
	}
	return &simcity.FieldError{
		Field: "testhooks.Config.Environment", Value: fmt.Sprintf("%q", name), Allowed: strings.Join(rules.Environments, ", "),
		Fix: "mount no test hooks in production; if this is a copy that may be filled with synthetic citizens, add it to " + staging.EnvEnvironments,
	}
}
