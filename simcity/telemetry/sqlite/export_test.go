package sqlite

import (
	"context"
	"fmt"
)

// Fill makes the disk seem full when the file has so many pages. SQLite says then what
// it says of a disk.
func (s *Store) Fill(ctx context.Context, pages int) error {
	_, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}
