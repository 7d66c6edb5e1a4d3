package missioncontrol

// ReportSecurity is the security policy of a report with that style.
func ReportSecurity(style string) string { return reportSecurity(style) }
