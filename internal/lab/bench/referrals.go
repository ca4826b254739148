package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
)

const aboutReferrals = `Search Service Requests by the number of a referral, among few service requests and among many.
Each has a number of its own, and %s of the numbers, scattered among all, are asked for in turns; each search finds one service request.
%d clients ask, each as fast as it gets answers. The store is %s`

// numbersAsked is how many referrals are searched for at most.
const numbersAsked = 10_000

// referrals looks at what more service requests do to the search for one of them.
func (l *lab) referrals(ctx context.Context, b *Benchmark) error {
	b.Steady = true // the latencies are what counts
	b.About = about(aboutReferrals, number(numbersAsked), readers, named)
	least, most := l.plan.Referrals[0], l.plan.Referrals[len(l.plan.Referrals)-1]
	defer func() {
		few, many := b.row(rowOfReferrals(least)), b.row(rowOfReferrals(most))
		b.keep(fmt.Sprintf("search: p99 with %s service requests beside %s", number(float64(most)), number(float64(least))), 1.5,
			ratio(many.P99().Median, few.P99().Median), "", len(few.Rounds) > 0 && len(many.Rounds) > 0)
	}()
	if l.MongoURI == "" {
		b.Rows = unmeasured(rowOfReferrals(least), rowOfReferrals(most))
		return nil
	}
	var contenders []contender
	for _, size := range l.plan.Referrals {
		requests, s, err := l.refer(ctx, size)
		if err != nil {
			return err
		}
		all, err := targets(s.url, requests...)
		if err != nil {
			return err
		}
		next := inTurns(all)
		contenders = append(contenders, contender{name: rowOfReferrals(size), process: s.process, round: func(ctx context.Context, d time.Duration) (Round, error) {
			return closedLoop(ctx, next, readers, d)
		}})
	}
	var err error
	b.Rows, err = l.interleave(ctx, contenders...)
	return err
}

func rowOfReferrals(size int) string {
	return number(float64(size)) + " service requests"
}

// refer makes a world with so many service requests more, starts a server on it and tells what to ask it.
func (l *lab) refer(ctx context.Context, size int) (requests []request, s *service, err error) {
	name := fmt.Sprintf("referrals_%d", size)
	if err := l.createDatabase(ctx, name, original); err != nil {
		return nil, nil, err
	}
	store, err := l.newDocuments(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = join(err, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	collection := store.Collection(servicerequests.Collection)
	like, err := model(ctx, collection, world.ID("service request to be used"))
	if err != nil {
		return nil, nil, err
	}
	err = add(ctx, collection, size, func(i int) bson.D {
		id := benched("referral", i)
		hidden, _ := l.keys.Requisition(l.keys.Number(id, "")) // it is a number
		return with(with(like, "_id", id), servicerequests.RequisitionField, hidden)
	})
	if err != nil {
		return nil, nil, err
	}
	if s, err = l.server(ctx, name, name, append(slices.Clone(patient), "MONGO_DATABASE="+name)...); err != nil {
		return nil, nil, err
	}
	ask, err := l.passing("searchServiceRequests")
	if err != nil {
		return nil, nil, err
	}
	var last uuid.UUID
	for i := 0; i < size; i += max(1, size/numbersAsked) {
		last = benched("referral", i)
		ask.Path = "/api/service_requests?" + url.Values{"requisition": {l.keys.Number(last, "")}}.Encode()
		requests = append(requests, ask)
	}
	return requests, s, s.finds(ctx, ask, last)
}

// finds fails when a search does not find an object, and it alone: an empty page has the right status, too.
func (s *service) finds(ctx context.Context, search request, id uuid.UUID) error {
	t, err := target(s.url, search)
	if err != nil {
		return err
	}
	r, err := t.Request()
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	response, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	var found struct {
		Data []struct {
			ID uuid.UUID `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &found); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("a search is answered with %d %.500s", response.StatusCode, body)
	}
	if len(found.Data) != 1 || found.Data[0].ID != id {
		return fmt.Errorf("a search for service request %s finds %.500s", id, body)
	}
	return nil
}
