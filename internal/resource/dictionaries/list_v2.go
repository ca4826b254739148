package dictionaries

import (
	"context"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDictionariesV2 serves GET /api/v2/dictionaries: values with their state
// and the values under them.
func (a *API) ListDictionariesV2(ctx context.Context, req api.ListDictionariesV2RequestObject) (api.ListDictionariesV2ResponseObject, error) {
	p, q := req.Params, &query{Caller: a.Engine.Caller(ctx)}
	filter := valueFilter{code: text(p.ValueCode), description: strings.ToLower(text(p.ValueDescription))}
	var isActive *bool
	isActive, q.isBool = envelope.ParseBool(p.IsActive)
	filter.isActive, q.isBoolValue = envelope.ParseBool(p.ValueIsActive)
	if err := operation.Run(ctx, listV2Checks, q); err != nil {
		return nil, err
	}
	name := text(p.Name)
	data := []api.DictionaryV2{}
	for _, d := range a.Cache.Current().all {
		if name != "" && name != d.Name || isActive != nil && *isActive != d.IsActive {
			continue
		}
		values := filter.apply(d.Values)
		if len(values) == 0 && filter != (valueFilter{}) {
			continue
		}
		warnOfOpen(ctx, d, name != "")
		data = append(data, api.DictionaryV2{
			Name: d.Name, Description: d.Description, Values: values, Labels: labels(d), IsActive: d.IsActive,
		})
	}
	return api.ListDictionariesV2200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

var listV2Checks = []operation.Check[*query]{
	{Rule: rules.DictionaryListV2IsActive, Pass: hasBool},
	{Rule: rules.DictionaryListV2ValueIsActive, Pass: func(_ context.Context, q *query) error {
		return operation.Expect(q.isBoolValue, "value_is_active", "true or false", "another text")
	}},
}

func text(filter *string) string {
	if filter == nil {
		return ""
	}
	return *filter
}

// valueFilter keeps the values that match, and those that stand above one that
// does. What is empty or nil matches everything.
type valueFilter struct {
	code, description string // the description in small letters
	isActive          *bool
}

func (f valueFilter) matches(v Value) bool {
	return (f.code == "" || f.code == v.Code) &&
		(f.isActive == nil || *f.isActive == v.IsActive) &&
		(f.description == "" || strings.Contains(strings.ToLower(v.Description), f.description))
}

func (f valueFilter) apply(values []Value) []api.DictionaryValue {
	kept := []api.DictionaryValue{}
	for _, v := range values {
		children := f.apply(v.Children)
		if len(children) > 0 || f.matches(v) {
			kept = append(kept, api.DictionaryValue{Code: v.Code, Description: v.Description, IsActive: v.IsActive, ChildValues: children})
		}
	}
	return kept
}
