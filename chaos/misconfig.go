package chaos

import (
	"context"

	"github.com/bookiji/simcity/simcity"
)

// Ways in which [RLSMisconfig] opens data, as the runbook names them.
const (
	// AdminAccess lets requests act with the rights of an administrator.
	AdminAccess = "admin_access"
	// DisabledTable switches row level security off for a table.
	DisabledTable = "disabled_table"
	// PermissivePolicy adds a policy that lets everything through.
	PermissivePolicy = "permissive_policy"
)

// RLSMisconfig is the runbook's RLS_MISCONFIG: row level security, or whatever
// keeps one user's data from another, is opened and closed again at the end. It
// needs the hook MisconfigureRLS and counts the rows laid open.
type RLSMisconfig struct {
	// MisconfigType is how. Default AdminAccess.
	MisconfigType string `json:"misconfigType" default:"admin_access" oneof:"admin_access disabled_table permissive_policy" doc:"how the data is opened"`
}

// Fault implements [Maker].
func (f RLSMisconfig) Fault() simcity.Fault {
	fault := Declare("RLS_MISCONFIG", &f)
	fault.Ready = needs("MisconfigureRLS")
	fault.Inject = func(ctx context.Context, w *simcity.World, touched *simcity.Touched) (func(context.Context) error, error) {
		restore, rows, err := hooksOf(w).MisconfigureRLS(ctx, f.MisconfigType)
		if err != nil {
			return halfDone(restore), err
		}
		touched.Add(rows)
		return restoring(restore), nil
	}
	return fault
}
