package dictionaries

import (
	"context"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/envelope"
	"esoz/internal/fault"
)

// ListDictionariesV2 serves GET /api/v2/dictionaries: values with their state
// and their children.
//
//	dictionary.list_v2.is_active        is_active is a boolean        422
//	dictionary.list_v2.value_is_active  value_is_active is a boolean  422
func (a *API) ListDictionariesV2(ctx context.Context, req api.ListDictionariesV2RequestObject) (api.ListDictionariesV2ResponseObject, error) {
	cfg, p := a.Config.Get(), req.Params
	isActive, ok := parseBool(p.IsActive)
	if !ok && cfg.On(rules.DictionaryListV2IsActive) {
		return nil, fault.Refuse(rules.DictionaryListV2IsActive)
	}
	valueIsActive, valueOK := parseBool(p.ValueIsActive)
	if !valueOK && cfg.On(rules.DictionaryListV2ValueIsActive) {
		return nil, fault.Refuse(rules.DictionaryListV2ValueIsActive)
	}
	filter := valueFilter{code: p.ValueCode, description: p.ValueDescription}
	if valueOK {
		filter.isActive = valueIsActive
	}
	var names []string
	if p.Name != nil && *p.Name != "" {
		names = []string{*p.Name}
	}
	found := []api.DictionaryV2{}
	for _, d := range a.Cache.All() {
		if !a.wanted(d, names) || isActive != nil && ok && d.IsActive != *isActive {
			continue
		}
		values := filter.apply(d.Values)
		if len(values) == 0 && filter.set() {
			continue
		}
		found = append(found, api.DictionaryV2{
			Name: d.Name, Description: d.Description, Labels: labels(d), IsActive: d.IsActive, Values: values,
		})
	}
	return api.ListDictionariesV2200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found}, nil
}

// valueFilter keeps a value that matches itself or has a descendant that does.
type valueFilter struct {
	code, description *string
	isActive          *bool
}

func (f valueFilter) set() bool { return f.code != nil || f.description != nil || f.isActive != nil }

func (f valueFilter) matches(v Value) bool {
	return (f.code == nil || v.Code == *f.code) &&
		(f.isActive == nil || v.IsActive == *f.isActive) &&
		(f.description == nil || strings.Contains(strings.ToLower(v.Description), strings.ToLower(*f.description)))
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
