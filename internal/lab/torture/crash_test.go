package torture

import (
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// documentsOfTests is the URI of the document store that the environment names,
// "" for the sandbox's FerretDB.
func documentsOfTests() string { return os.Getenv("ESOZ_TEST_MONGODB_URI") }

// wait lets a load go on for some time between two bounds.
func wait(least, most time.Duration) { <-time.After(least + rand.N(most-least)) }

// T13: kill -9 at random points under load.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "nothing that a server acknowledged before kill -9 is lost, doubled or half done")
	kills := amount(5, 1000)
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(500, 12_000), documents: amount(30, 1000)})
	s := l.serve()
	l.start(8, s)
	for range kills {
		wait(5*time.Millisecond, 400*time.Millisecond)
		s.kill()
		s.start()
	}
	wait(100*time.Millisecond, 200*time.Millisecond) // of answers by the last one
	marked := l.audit(true)
	require.LessOrEqual(t, marked, kills*rigWorkers, "messages that were under way when the server was killed")
	tr.add("kills", kills)
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
}

// The same without a kill: nothing is even marked.
func TestServerWithoutFaults(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "without a fault every request is answered and no message is sent twice")
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(500, 8000), documents: amount(30, 400)})
	l.deadline = 25 * time.Second
	s := l.serve("ENGINE_TIMEOUT=20s") // a busy machine is no fault
	l.start(8, s)
	length := time.Duration(amount(2, 60)) * time.Second
	wait(length, length+time.Second)
	l.audit(false)
	require.Equal(t, []int{0, 0, 0}, []int{
		l.answers(noAnswer), l.answers(http.StatusServiceUnavailable), l.answers(http.StatusGatewayTimeout),
	}, "requests without an answer, with 503 and with 504")
	l.report(tr)
}

// report counts what a load has done.
func (l *load) report(tr *trial) {
	tr.add("requests", len(l.sent))
	tr.add("acknowledged", l.acknowledgements())
	tr.add("unanswered", l.answers(noAnswer))
	tr.add("refused with 503", l.answers(http.StatusServiceUnavailable))
	tr.add("unconfirmed (504)", l.answers(http.StatusGatewayTimeout))
	tr.add("copies left of the object that most was done to", l.copiesLeft())
}
