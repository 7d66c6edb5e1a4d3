package postgres

// Doubtful tells whether batches of a run are inserted row by row for now.
func (s *Store) Doubtful(runID string) bool {
	_, doubtful := s.doubtful.Load(runID)
	return doubtful
}

// Uncopied tells whether the role may not COPY.
func (s *Store) Uncopied() bool { return s.uncopied.Load() }
