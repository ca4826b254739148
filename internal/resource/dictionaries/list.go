package dictionaries

import (
	"context"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDictionaries serves GET /api/dictionaries: each dictionary as a map of
// code to text.
func (a *API) ListDictionaries(ctx context.Context, req api.ListDictionariesRequestObject) (api.ListDictionariesResponseObject, error) {
	isActive, isBool := envelope.ParseBool(req.Params.IsActive)
	q := &query{Caller: a.Engine.Caller(ctx), isBool: isBool}
	if err := operation.Run(ctx, listChecks, q); err != nil {
		return nil, err
	}
	names := splitNames(req.Params.Name)
	wanted := func(d Dictionary) bool {
		if names == nil {
			return !slices.Contains(q.Config.BigDictionaries, d.Name)
		}
		return slices.Contains(names, d.Name)
	}
	data := []api.Dictionary{}
	for _, d := range a.Cache.Current().all {
		if wanted(d) && (isActive == nil || *isActive == d.IsActive) {
			warnOfOpen(ctx, d, names != nil)
			data = append(data, api.Dictionary{Name: d.Name, Values: texts(d.Values), Labels: labels(d), IsActive: d.IsActive})
		}
	}
	return api.ListDictionaries200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

var listChecks = []operation.Check[*query]{{Rule: rules.DictionaryListIsActive, Pass: hasBool}}

// splitNames reads a comma-separated list; nil when nothing is named.
func splitNames(text *string) []string {
	if text == nil || *text == "" {
		return nil
	}
	names := strings.Split(*text, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// texts are the active values of all levels: this form knows neither the state
// of a value nor levels, and its readers take every code for a good one.
func texts(values []Value) map[string]string {
	all := map[string]string{}
	walk(values, func(v Value) {
		if v.IsActive {
			all[v.Code] = v.Description
		}
	})
	return all
}
