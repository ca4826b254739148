package encounterpackages

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

type stored = mongodb.Document

// contentIsStored passes when what was signed is what is stored, but for what the cancellation changes.
func contentIsStored(_ context.Context, c *call) error {
	p := c.Body.content
	places, err := p.compare("encounter", &p.Encounter, p.sent["encounter"], p.original.of["encounters"][p.Encounter.ID])
	if err != nil {
		return err
	}
	for _, k := range kinds {
		sent, _ := p.sent[k.plural].([]any)
		seen := map[uuid.UUID]bool{}
		for i, r := range p.records(k.plural) {
			at, id := fmt.Sprintf("%s.%d", k.plural, i), r.Head().ID
			one, ok := p.original.of[k.plural][id]
			if !ok || seen[id] {
				places = append(places, at)
				continue
			}
			seen[id] = true
			found, err := p.compare(at, r, sent[i], one)
			if err != nil {
				return err
			}
			places = append(places, found...)
		}
	}
	if len(places) == 0 {
		return nil
	}
	first := places[0]
	if len(places) > mostPlaces {
		places = append(places[:mostPlaces], "more")
	}
	return operation.Explained(fault.NewFact("signed content", "the stored content", "differences in "+strings.Join(places, ", ")), "path", first)
}

// mostPlaces is how many places of different content are named for explain.
const mostPlaces = 20

// compare lists the fields in which a document of the content differs from the stored one.
func (p *content) compare(at string, r Record, sent any, one stored) (places []string, err error) {
	raw, err := mongodb.Stored(r)
	if err != nil {
		return nil, fmt.Errorf("compare the content of a package: %w", err)
	}
	fields, _ := sent.(map[string]any)
	skip := slices.Clone(added)
	if _, told := fields["managing_organization"]; !told {
		skip = append(skip, "managing_organization")
	}
	if takesBack(sent) {
		skip = append(skip, "status_reason")
	}
	signed, before := fieldsOf("", bson.Raw(raw), skip), fieldsOf("", bson.Raw(one), skip)
	for _, field := range slices.Sorted(maps.Keys(merged(signed, before))) {
		places = append(places, differences(at+"."+field, signed[field], before[field])...)
	}
	return places, nil
}

// added are fields that the server has added, and those that a cancellation changes.
var added = []string{
	"patient_id", "context_episode_id", "visible", "items", "inserted_at", "inserted_by", "updated_at", "updated_by", "sealed_with", "applied_jobs",
	"origin_episode", "signed_content_links", "reactions", "diagnoses.code",
	"status", "verification_status", "cancellation_reason", "explanatory_letter",
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// differences lists where two values differ. A list is one place.
func differences(at string, a, b any) []string {
	x, both := a.(map[string]any)
	y, ok := b.(map[string]any)
	if !both || !ok {
		if reflect.DeepEqual(a, b) {
			return nil
		}
		return []string{at}
	}
	var places []string
	for _, field := range slices.Sorted(maps.Keys(merged(x, y))) {
		places = append(places, differences(at+"."+field, x[field], y[field])...)
	}
	return places
}

// fieldsOf are the fields of a stored object to be compared. One that is null or empty is none, and lists have no order.
func fieldsOf(at string, object bson.Raw, skip []string) map[string]any {
	fields := map[string]any{}
	elements, _ := object.Elements() // it was encoded here, or comes of the store
	for _, e := range elements {
		name := e.Key()
		place := strings.TrimPrefix(at+"."+name, ".")
		if name == "display_value" || slices.Contains(skip, place) {
			continue
		}
		if value := valueOf(place, e.Value(), skip); value != nil {
			fields[name] = value
		}
	}
	return fields
}

func valueOf(at string, value bson.RawValue, skip []string) any {
	switch value.Type {
	case bson.TypeNull:
		return nil
	case bson.TypeEmbeddedDocument:
		if object := fieldsOf(at, value.Document(), skip); len(object) > 0 {
			return object
		}
		return nil
	case bson.TypeArray:
		var list []string
		items, _ := value.Array().Values()
		for _, item := range items {
			text, _ := json.Marshal(valueOf(at, item, skip)) // of maps and texts
			list = append(list, string(text))
		}
		if len(list) == 0 {
			return nil
		}
		slices.Sort(list)
		return list
	}
	return value.String()
}
