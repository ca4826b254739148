package catalogues

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
)

// catalogue is the tree of services, by code.
type catalogue struct{ roots []*group }

// group and service hold their JSON: an answer with thousands of them is only put together.
type group struct {
	key
	open     []byte // its own fields, without the brace that closes it
	groups   []*group
	services []*service
}

type service struct {
	key
	shown []byte
}

// key is what filters look at, in small letters.
type key struct{ code, name string }

func keyOf(code, name string) key { return key{strings.ToLower(code), strings.ToLower(name)} }

// filter keeps what has this code and this part of a name; an empty one keeps all.
type filter key

func (f filter) keeps(k key) bool {
	return (f.code == "" || f.code == k.code) && strings.Contains(k.name, f.name)
}

// page cuts a page out of the roots that have something that f keeps, and counts them.
func (c *catalogue) page(f filter, page envelope.Page) (found []*group, total int) {
	for _, root := range c.roots {
		kept := root.pruned(f)
		if kept == nil {
			continue
		}
		if total >= page.Offset() && len(found) < page.Size {
			found = append(found, kept)
		}
		total++
	}
	return found, total
}

// pruned returns a group with what f keeps below it; nil when that is nothing. A group
// that f keeps itself stays whole.
func (g *group) pruned(f filter) *group {
	if f.keeps(g.key) {
		return g
	}
	kept := group{open: g.open}
	for _, below := range g.groups {
		if below = below.pruned(f); below != nil {
			kept.groups = append(kept.groups, below)
		}
	}
	for _, s := range g.services {
		if f.keeps(s.key) {
			kept.services = append(kept.services, s)
		}
	}
	if kept.groups == nil && kept.services == nil {
		return nil
	}
	return &kept
}

// write keeps the first error of w, as all writes below do.
func (g *group) write(w *bufio.Writer) {
	_, _ = w.Write(g.open)
	if len(g.groups) > 0 {
		_, _ = w.WriteString(`,"groups":`)
		writeList(w, g.groups, (*group).write)
	}
	if len(g.services) > 0 || len(g.groups) == 0 {
		_, _ = w.WriteString(`,"services":`)
		writeList(w, g.services, func(s *service, w *bufio.Writer) { _, _ = w.Write(s.shown) })
	}
	_ = w.WriteByte('}')
}

func writeList[T any](w *bufio.Writer, all []T, write func(T, *bufio.Writer)) {
	_ = w.WriteByte('[')
	for i, item := range all {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		write(item, w)
	}
	_ = w.WriteByte(']')
}

func newCatalogue(groups []db.PRMServiceGroup, included []db.ListCatalogueRow) (*catalogue, error) {
	byID, c := make(map[uuid.UUID]*group, len(groups)), &catalogue{}
	for _, g := range groups {
		shown, err := json.Marshal(showGroup(g))
		if err != nil {
			return nil, fmt.Errorf("encode group of services %s: %w", g.ID, err)
		}
		byID[g.ID] = &group{key: keyOf(g.Code, g.Name), open: bytes.TrimSuffix(shown, []byte("}"))}
	}
	for _, g := range groups {
		if g.ParentID == nil {
			c.roots = append(c.roots, byID[g.ID])
		} else if parent := byID[*g.ParentID]; parent != nil {
			parent.groups = append(parent.groups, byID[g.ID])
		}
	}
	for _, row := range included {
		s := showService(row.PRMService)
		if row.Alias != nil {
			s.Name = *row.Alias
		}
		shown, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("encode service %s: %w", s.ID, err)
		}
		if in := byID[row.ServiceGroupID]; in != nil {
			in.services = append(in.services, &service{keyOf(s.Code, s.Name), shown})
		}
	}
	return c, nil
}

func showGroup(g db.PRMServiceGroup) api.CatalogueGroup {
	return api.CatalogueGroup{
		ID: g.ID.String(), Name: g.Name, Code: g.Code, IsActive: g.IsActive, RequestAllowed: g.RequestAllowed,
		InsertedAt: envelope.Micro(g.InsertedAt), InsertedBy: g.InsertedBy.String(), UpdatedAt: envelope.Micro(g.UpdatedAt), UpdatedBy: g.UpdatedBy.String(),
	}
}

func showService(s db.PRMService) api.CatalogueService {
	return api.CatalogueService{
		ID: s.ID.String(), Name: s.Name, Code: s.Code, IsActive: s.IsActive, ParentID: nullable.NewNullNullable[string](),
		Category: s.Category, IsComposition: s.IsComposition, RequestAllowed: s.RequestAllowed,
		InsertedAt: envelope.Micro(s.InsertedAt), InsertedBy: s.InsertedBy.String(), UpdatedAt: envelope.Micro(s.UpdatedAt), UpdatedBy: s.UpdatedBy.String(),
	}
}
