package otp

// API serves the verifications.
type API struct{ Service *Service }
