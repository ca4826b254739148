package bench

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/mongodb"
)

const aboutRecords = `The same requests for a patient with few encounters and for one with many: Get encounter, a search by episode that finds
fifty, and a page of all of them, which are counted. %d clients ask, each as fast as it gets answers. The sandbox's document store scans
where another one uses an index.`

// ofRecords are the reads. The p50 of each with the most records is at most so many times that with the least; 0 sets no goal,
// because a page of all records counts them.
var ofRecords = []struct {
	name string
	most float64
}{{"get", 2}, {"search", 2}, {"page of all", 0}}

const readers, perEpisode = 2, 50

// records looks at what more records of one patient do to the latencies of reads.
func (l *lab) records(ctx context.Context, b *Benchmark) error {
	b.Steady = true // the latencies are what counts
	b.About = about(aboutRecords, readers)
	byRead := make([][]contender, len(ofRecords))
	for _, size := range l.plan.Records {
		requests, s, err := l.record(ctx, size)
		if err != nil {
			return err
		}
		for i, read := range ofRecords {
			all, err := targets(s.url, requests[i]...)
			if err != nil {
				return err
			}
			next := inTurns(all)
			byRead[i] = append(byRead[i], contender{
				name: rowOfRecords(read.name, size), process: s.process,
				round: func(ctx context.Context, d time.Duration) (Round, error) { return closedLoop(ctx, next, readers, d) },
			})
		}
	}
	var err error
	if b.Rows, err = l.interleave(ctx, slices.Concat(byRead...)...); err != nil {
		return err
	}
	least, most := l.plan.Records[0], l.plan.Records[len(l.plan.Records)-1]
	for _, read := range ofRecords {
		few, many := b.row(rowOfRecords(read.name, least)), b.row(rowOfRecords(read.name, most))
		text := fmt.Sprintf("%s: p50 with %s records beside %s", read.name, number(float64(most)), number(float64(least)))
		times := ratio(many.P50().Median, few.P50().Median)
		if read.most == 0 {
			b.figure(text, "times", times)
			continue
		}
		b.keep(text, read.most, times, "", len(few.Rounds) > 0 && len(many.Rounds) > 0)
	}
	return nil
}

func rowOfRecords(read string, size int) string {
	return fmt.Sprintf("%s, %s records", read, number(float64(size)))
}

// record makes a world in which a patient has so many encounters more, starts a server on it and tells what to ask it.
func (l *lab) record(ctx context.Context, size int) (requests [][]request, s *service, err error) {
	name := fmt.Sprintf("records_%d", size)
	if err := l.createDatabase(ctx, name, original); err != nil {
		return nil, nil, err
	}
	store, err := l.newDocuments(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = join(err, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	get, err := l.passing("getEncounter")
	if err != nil {
		return nil, nil, err
	}
	list, id := path.Dir(get.Path), path.Base(get.Path)
	template, err := uuid.Parse(id)
	if err != nil {
		return nil, nil, fmt.Errorf("read the path of %s: %w", get.Path, err)
	}
	collection := store.Collection("encounters")
	var encounter bson.M
	if err := collection.FindOne(ctx, bson.D{{Key: "_id", Value: template}}).Decode(&encounter); err != nil {
		return nil, nil, fmt.Errorf("read an encounter: %w", mongodb.Error(err))
	}
	ask := func(address string) request {
		r := get
		r.Path = address
		return r
	}
	var gets, searches []request
	for range size / perEpisode {
		episode, copies := uuid.New(), make([]any, perEpisode)
		for i := range copies {
			of := maps.Clone(encounter)
			of["_id"], of["context_episode_id"] = uuid.New(), episode
			copies[i] = of
			gets = append(gets, ask(fmt.Sprint(list, "/", of["_id"])))
		}
		if _, err := collection.InsertMany(ctx, copies); err != nil {
			return nil, nil, fmt.Errorf("add encounters: %w", mongodb.Error(err))
		}
		searches = append(searches, ask(list+"?episode_id="+episode.String()))
	}
	s, err = l.server(ctx, name, name, "MONGO_DATABASE="+name)
	return [][]request{gets, searches, {ask(list)}}, s, err
}
