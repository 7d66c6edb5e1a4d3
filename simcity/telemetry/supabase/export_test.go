package supabase

import (
	"context"
	"net/http"
)

// SchemaVersion is the version that the store wants.
const SchemaVersion = schemaVersion

// Delete deletes one run with its rows.
func (s *Store) Delete(ctx context.Context, id string) error {
	_, err := s.do(ctx, call{method: http.MethodDelete, table: "simcity_runs", query: filters("id", "eq."+id), prefer: "return=minimal"})
	return err
}
