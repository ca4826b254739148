// Package client is the Go client of the API. Requests, answers and a method per
// operation are generated from the contract; beside them stand the few things
// that a document cannot say:
//
//   - [New] makes a client that sends a token, tries again when the server asks
//     for it, and leaves redirects alone;
//   - [Resources] finds the operations by resource, and goes through all pages of
//     a list;
//   - every refusal comes back as an [Error], with the rules that were broken;
//   - [App] gets access tokens, and refreshes them before they expire;
//   - [WaitJob] follows what was answered with 202 to its end.
//
// Call the methods of a resource, such as Divisions.List, or those that end in
// WithResponse. Of the latter, when the error is nil, the field that the
// operation's page names is set: JSON200, JSON201, JSON202. Optional
// fields are pointers: new("ACTIVE") makes one. Ids, dates and times are strings,
// as they are sent.
//
// A client may be used by many goroutines at once.
package client
