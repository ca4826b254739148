package dictionaries

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/envelope"
	"esoz/internal/fault"
)

// ListDictionaries serves GET /api/dictionaries: flat dictionaries, code to text.
//
//	dictionary.list.is_active  is_active is a boolean  422
func (a *API) ListDictionaries(ctx context.Context, req api.ListDictionariesRequestObject) (api.ListDictionariesResponseObject, error) {
	isActive, ok := parseBool(req.Params.IsActive)
	if !ok && a.Config.Get().On(rules.DictionaryListIsActive) {
		return nil, fault.Refuse(rules.DictionaryListIsActive)
	}
	names := splitNames(req.Params.Name)
	found := []api.Dictionary{}
	for _, d := range a.Cache.All() {
		if !a.wanted(d, names) || isActive != nil && ok && d.IsActive != *isActive {
			continue
		}
		found = append(found, api.Dictionary{Name: d.Name, Values: texts(d.Values, map[string]string{}), Labels: labels(d), IsActive: d.IsActive})
	}
	return api.ListDictionaries200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found}, nil
}

// texts flattens values: the first version knows no levels.
func texts(values []Value, into map[string]string) map[string]string {
	for _, v := range values {
		if v.IsActive {
			into[v.Code] = v.Description
		}
		texts(v.Children, into)
	}
	return into
}
