package uaddresses

import (
	"iter"
	"strings"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/internal/platform/envelope"
)

// folded makes a filter comparable; an absent one and an empty one are the same.
func folded(filter *string) string { return foldedBy(fold, filter) }

// foldedArea is folded for the name of an area.
func foldedArea(filter *string) string { return foldedBy(foldArea, filter) }

func foldedBy(fold func(string) string, filter *string) string {
	if filter == nil {
		return ""
	}
	return fold(*filter)
}

// nameAndCode are the filters by a part that all lists have; empty ones keep
// everything.
type nameAndCode struct{ name, code string }

func newNameAndCode(name, koatuu *string) nameAndCode {
	// Codes are written in capitals, and fold makes small letters.
	return nameAndCode{folded(name), strings.ToUpper(folded(koatuu))}
}

func (f nameAndCode) keep(folded, koatuu string) bool {
	return strings.Contains(folded, f.name) && strings.Contains(koatuu, f.code)
}

// parseID reads a filter by id; an absent one is nil. ok is false when the text
// is no id; the zero id that stands for it then belongs to nothing.
func parseID(text *string) (id *uuid.UUID, ok bool) {
	if text == nil || *text == "" {
		return nil, true
	}
	parsed, ok := envelope.ParseID(*text)
	if !ok {
		parsed = uuid.Nil
	}
	return &parsed, ok
}

// pageOf cuts a page out of what keep leaves of a list, and counts what is left.
func pageOf[T any](list iter.Seq[*T], page envelope.Page, keep func(*T) bool) (found []*T, total int) {
	for item := range list {
		if !keep(item) {
			continue
		}
		if total >= page.Offset() && len(found) < page.Size {
			found = append(found, item)
		}
		total++
	}
	return found, total
}

// each walks a list without copying its items.
func each[T any](all []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range all {
			if !yield(&all[i]) {
				return
			}
		}
	}
}

// at walks the items of a list that stand at some places of it.
func at[T any](all []T, places []int32) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, place := range places {
			if !yield(&all[place]) {
				return
			}
		}
	}
}

// optional prints an empty text as null.
func optional(text string) nullable.Nullable[string] {
	if text == "" {
		return nullable.NewNullNullable[string]()
	}
	return nullable.NewNullableWithValue(text)
}
