package missioncontrol

// ReportSecurity is the security policy of a report with that style.
func ReportSecurity(style string) string { return reportSecurity(style) }

// DistantRuns is how many runs of other processes are followed.
func DistantRuns(h *Handler) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.distants)
}
