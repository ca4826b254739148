package medicalrecords

import (
	"context"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/resource/medicalevents"
)

// Fields that lists compare.
const (
	ownerField     = "managing_organization.identifier.value"
	episodeField   = "context_episode_id"
	originField    = "origin_episode.identifier.value"
	contextField   = "context.identifier.value" // the encounter, in most kinds
	encounterField = "encounter.identifier.value"
	reportField    = "diagnostic_report.identifier.value"
	referralField  = "incoming_referral.identifier.value" // of an encounter
	basedOnField   = "based_on.identifier.value"          // of a report or a procedure
	serviceField   = "code.identifier.value"              // of what is made for a service
)

// kind is where the records of one kind lie, and what opens them to a caller.
type kind[D any] struct {
	Name       string // in references and approvals
	Collection string
	Grounds    func(d *D) operation.Grounds
	Fields     operation.GroundFields // of lists
	// Hides is set when forbidden groups hide some of them: (*Document).compared.
	Hides func(d *D) (operation.Items, uuid.UUID)
}

// hides makes a read of one record refuse what forbidden groups hide.
func (k kind[D]) hides(r operation.Record[D], rule rules.ID) operation.Record[D] {
	r.Hides = k.Hides
	r.Checks = append(r.Checks, operation.Check[*operation.Reading[D]]{Rule: rule, Pass: operation.IsNotForbidden[D]})
	return r
}

// get reads one record. The rule access is empty where the scope is enough. The rule
// person, where a kind has one, comes after it.
func (k kind[D]) get(id string, access, notFound rules.ID, person ...rules.ID) operation.Record[D] {
	r := operation.Record[D]{ID: id, Collection: k.Collection, Kind: k.Name, Grounds: k.Grounds}
	if access != "" {
		r.Checks = append(r.Checks, operation.Check[*operation.Reading[D]]{Rule: access, Pass: operation.MayReadEvent[D]})
	}
	for _, rule := range person {
		r.Checks = append(r.Checks, operation.Check[*operation.Reading[D]]{Rule: rule, Pass: operation.PatientExists[D]})
	}
	r.Checks = append(r.Checks, operation.Check[*operation.Reading[D]]{Rule: notFound, Pass: operation.IsFound[D]})
	return r
}

// context reads where a record belongs, which is nobody's secret.
func (k kind[D]) context(id string, person, notFound rules.ID) operation.Record[D] {
	return operation.Record[D]{
		ID: id, Collection: k.Collection, Kind: k.Name, Grounds: k.Grounds,
		Checks: []operation.Check[*operation.Reading[D]]{
			{Rule: person, Pass: operation.PatientExists[D]},
			{Rule: notFound, Pass: operation.IsFound[D]},
		},
	}
}

// list reads the records of a patient that meet filters. The rules of the filters answer
// together.
func (k kind[D]) list(id string, access rules.ID, filters []rules.ID, person ...rules.ID) operation.Page[D] {
	return k.page(id, access, "", filters, person...)
}

// open is a list for which the scope is enough.
func (k kind[D]) open(id string, path rules.ID, filters []rules.ID) operation.Page[D] {
	return k.page(id, "", path, filters)
}

// page is a list of a patient or of an episode. An empty rule is not checked.
func (k kind[D]) page(id string, access, path rules.ID, filters []rules.ID, person ...rules.ID) operation.Page[D] {
	p := operation.Page[D]{ID: id, Collection: k.Collection, Kind: k.Name, Owner: ownerField, Grounds: k.Fields, Events: true, Hides: k.Hides != nil}
	if access != "" {
		p.Checks = append(p.Checks, operation.Check[*operation.Listing]{Rule: access, Pass: operation.MayListEvents})
	}
	if path != "" {
		p.Checks = append(p.Checks, operation.Check[*operation.Listing]{Rule: path, Pass: operation.PathIsSound})
	}
	p.Checks = append(p.Checks, operation.Check[*operation.Listing]{Rule: filters[0], Or: filters[1:], Pass: operation.FiltersAreSound})
	for _, rule := range person {
		p.Checks = append(p.Checks, operation.Check[*operation.Listing]{Rule: rule, Pass: operation.ListedPatientExists})
	}
	return p
}

// granted is a list for which the scope is enough, because its filters leave what effective
// approvals open. The rules of the filters answer together.
func (k kind[D]) granted(id string, person rules.ID, filters ...rules.ID) operation.Page[D] {
	return operation.Page[D]{
		ID: id, Collection: k.Collection, Kind: k.Name, Owner: ownerField, Events: true, Hides: k.Hides != nil,
		Checks: []operation.Check[*operation.Listing]{
			{Rule: person, Pass: operation.ListedPatientExists},
			{Rule: filters[0], Or: filters[1:], Pass: operation.FiltersAreSound},
		},
	}
}

// approved lists the records that effective approvals name.
func (k kind[D]) approved(id string, person rules.ID, filters ...rules.ID) operation.Page[D] {
	p := k.granted(id, person, filters...)
	p.Granted, p.Hides = []string{k.Name}, false // forbidden groups do not hide what an approval names
	return p
}

// filters begins the filters of a list, which leaves out records of packages that are not stored whole.
func filters(ctx context.Context, unknown rules.ID) *operation.Filters {
	f := new(operation.Filters)
	f.Undeclared(ctx, unknown)
	f.Is(true, "visible")
	return f
}

// grounds are the references of a record to what may open it.
type grounds struct{ origin, encounter, report *reference }

func (h *Header) grounds(g grounds) operation.Grounds {
	id := func(r *reference) uuid.UUID {
		if r == nil {
			return uuid.Nil
		}
		return r.Identifier.Value
	}
	on := operation.Grounds{
		Access: operation.Access{LegalEntities: []uuid.UUID{h.ManagingOrganization.Identifier.Value}},
		Origin: id(g.origin), Encounter: id(g.encounter), Report: id(g.report),
	}
	if h.ContextEpisodeID != nil {
		on.Episode = *h.ContextEpisodeID
	}
	return on
}

// episode shows in which episode a record was made.
func (h *Header) episode() nullable.Nullable[api.Reference] {
	return medicalevents.Nullable(h.ContextEpisodeID, func(id uuid.UUID) api.Reference { return medicalevents.To("episode", id).Show() })
}

func showAll[D, S any](found []D, show func(*D) S) []S {
	shown := make([]S, len(found))
	for i := range found {
		shown[i] = show(&found[i])
	}
	return shown
}
