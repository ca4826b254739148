package jobs

// API tells how jobs go.
type API struct{ Queue *Queue }
