// Package torture tries to break the server: hostile input, races, guesses,
// killed processes, engines that go away. What it proves, and how much of
// everything a full run did to prove it, stands in docs/reliability.md, which a
// full run writes (make torture). In make test it does less of the same.
//
// The tests are driven by the contract: an operation that is added is tortured
// without a line of code here.
package torture
