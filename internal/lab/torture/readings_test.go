package torture

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/conformance"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// reading is a way to read a document, or to find it.
type reading struct {
	path, token, kind string // the path with {patient_id}, {episode_id} and the document's parameter
	byID              bool
	of                string // query that asks for the documents of an encounter; "" when there is none
}

var inBraces = regexp.MustCompile(`\{[a-z_]+\}`)

func (r reading) request(b *birth, id uuid.UUID) world.Request {
	patient := idInPath.FindString(b.model.request.Path)
	address := strings.NewReplacer("{patient_id}", patient, "{episode_id}", b.within.String()).Replace(r.path)
	address = inBraces.ReplaceAllString(address, id.String())
	switch {
	case r.byID:
	case r.of != "" && r.kind != "encounters":
		address += "?page_size=100&" + r.of + "=" + b.born["encounters"][0].String()
	default:
		address += "?page_size=100"
	}
	return testkit.As(r.token, http.MethodGet, address, nil)
}

// waysToRead are the operations that read documents of packages, with a token that may.
func (n *nursery) waysToRead(t *testing.T) (all []reading) {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	whole := map[string]*birth{}
	for _, b := range n.births {
		for kind := range b.born {
			if b.isPackage() {
				whole[kind] = b
			}
		}
	}
	read := map[string]int{}
	for address, item := range contract.Paths.Map() {
		if item.Get == nil || !strings.HasPrefix(address, "/api/patients/{patient_id}/") {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(address, "/context"), "/")
		last := len(parts) - 1
		r := reading{path: address, byID: strings.HasPrefix(parts[last], "{")}
		if r.kind = parts[last]; r.byID {
			r.kind = parts[last-1]
		}
		b := whole[r.kind]
		if b == nil {
			continue
		}
		for _, parameter := range item.Get.Parameters {
			if name := parameter.Value.Name; name == "encounter_id" && parameter.Value.In == "query" {
				r.of = name
			}
		}
		for _, user := range []string{"doctor", "hospital_doctor"} {
			r.token = world.TokenValue(user)
			reply, err := callServer(t.Context(), n.url, r.request(b, b.born[r.kind][0]))
			if err == nil && reply.Status == http.StatusOK && (r.byID || strings.Contains(string(reply.data), b.born[r.kind][0].String())) {
				all = append(all, r)
				read[r.kind]++
				break
			}
		}
	}
	for kind := range whole {
		require.True(t, kind == "visits" || read[kind] >= 2, "%s are not read by id and found: %v", kind, all)
	}
	return all
}

// look reads a package: each kind by an id and by a list, in one of the ways that there are.
func (n *nursery) look(t *testing.T, b *birth, seen bool, when string) {
	for kind, ids := range b.born {
		known := map[bool]bool{}
		for _, i := range rand.Perm(len(n.readings)) {
			r, id := n.readings[i], ids[rand.IntN(len(ids))]
			if r.kind != kind || known[r.byID] {
				continue
			}
			known[r.byID] = true
			reply, ok := n.read(t, r, b, id)
			if !ok {
				continue
			}
			switch told := strings.Contains(string(reply.data), id.String()); {
			case r.byID && seen != (reply.Status == http.StatusOK), r.byID && !seen && reply.Status != http.StatusNotFound:
				n.find("%s answers %d %s", r.path, reply.Status, when)
			case !r.byID && reply.Status != http.StatusOK, told && !seen:
				n.find("%s answers %d and shows the document: %t, %s", r.path, reply.Status, told, when)
			}
		}
	}
}

// read is false when the server is away, which it may be when it is killed.
func (n *nursery) read(t *testing.T, r reading, b *birth, id uuid.UUID) (reply, bool) {
	answer, err := callServer(t.Context(), n.url, r.request(b, id))
	away := err != nil || answer.Status >= http.StatusInternalServerError
	if away && !n.mortal {
		n.find("read %s: %d %v", r.path, answer.Status, err)
	}
	n.looks.Add(1)
	return answer, !away
}

// readOn reads what there may be: who reads a part of a package can read the rest of it.
func (n *nursery) readOn(t *testing.T, over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(500 * time.Millisecond): // the sandbox's store answers one at a time
		}
		b, r := n.anyPackage(), n.readings[rand.IntN(len(n.readings))]
		if b == nil || len(b.born[r.kind]) == 0 {
			continue
		}
		answer, ok := n.read(t, r, b, b.born[r.kind][0])
		if !ok {
			continue
		}
		told := map[*birth]bool{}
		if r.byID && answer.Status == http.StatusOK {
			told[b] = true
		}
		for _, id := range idInPath.FindAllString(string(answer.data), -1) {
			if found := n.parent(uuid.MustParse(id)); found != nil && found.isPackage() {
				told[found] = true
			}
		}
		for found := range told {
			if found.refused {
				n.find("%s shows a package that was refused", r.path)
			}
			n.look(t, found, true, "after another part was read")
			break
		}
	}
}
