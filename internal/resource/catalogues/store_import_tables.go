package catalogues

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Tables that Import fills. A file that names others (services that a group includes)
// is imported after theirs.
const (
	ServicesTable          = "services"
	ServiceGroupsTable     = "service_groups"
	ServiceInclusionsTable = "service_inclusions"
	MedicalProgramsTable   = programTable
	ProgramServicesTable   = programServiceTable

	DeviceDefinitionsTable     = deviceDefinitionTable
	DeviceDefinitionNamesTable = "device_definition_names"
	DeviceDefinitionTypesTable = "device_definition_classification_types"
	ProgramDevicesTable        = "program_devices"
)

var tables = map[string]*table{
	ServicesTable: {
		name: ServicesTable, inMemory: true,
		required: []string{"code", "name", "category"}, optional: []string{"is_active", "is_composition", "request_allowed"},
		key: byColumn("code"), ids: func(k *keys) map[string]uuid.UUID { return k.services },
		row: func(_ *keys, r *record) row {
			return row{
				"code": r.text("code"), "name": r.text("name"), "category": r.text("category"), "is_active": r.flag("is_active", true),
				"is_composition": r.flag("is_composition", false), "request_allowed": r.flag("request_allowed", true),
			}
		},
		write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
			n, err := db.New().ImportServices(ctx, tx, db.ImportServicesParams(p))
			return result(n), err
		},
	},
	ServiceGroupsTable: {
		name: ServiceGroupsTable, inMemory: true,
		required: []string{"code", "name"}, optional: []string{"parent_code", "is_active", "request_allowed"},
		key: byColumn("code"), ids: func(k *keys) map[string]uuid.UUID { return k.groups },
		row: func(k *keys, r *record) row {
			parent := r.oneOf(k.groups, "parent_code", "group of services")
			k.parents[r.id] = parent
			return row{
				"code": r.text("code"), "name": r.text("name"), "parent_id": optional(parent),
				"is_active": r.flag("is_active", true), "request_allowed": r.flag("request_allowed", false),
			}
		},
		done: checkDepth,
		write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
			n, err := db.New().ImportServiceGroups(ctx, tx, db.ImportServiceGroupsParams(p))
			return result(n), err
		},
	},
	ServiceInclusionsTable: {
		name: ServiceInclusionsTable, inMemory: true,
		required: []string{"service_code", "service_group_code"}, optional: []string{"alias", "is_active"},
		key: func(k *keys, r *record) string {
			return pair(r.oneOf(k.groups, "service_group_code", "group of services"), r.oneOf(k.services, "service_code", "service"))
		},
		ids: func(k *keys) map[string]uuid.UUID { return k.inclusions },
		row: func(k *keys, r *record) row {
			return row{
				"service_id": k.services[r.fields["service_code"]], "service_group_id": k.groups[r.fields["service_group_code"]],
				"alias": r.text("alias"), "is_active": r.flag("is_active", true),
			}
		},
		write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
			n, err := db.New().ImportServiceInclusions(ctx, tx, db.ImportServiceInclusionsParams(p))
			return result(n), err
		},
	},
	MedicalProgramsTable: {
		name:     MedicalProgramsTable,
		required: []string{"name", "type", "funding_source"},
		optional: []string{
			"mr_blank_type", "is_active", "medication_request_allowed", "medication_request_allowed_text", "medication_dispense_allowed",
			"medication_dispense_allowed_text", "device_request_allowed", "device_dispense_allowed", "medical_program_settings",
			"medical_program_settings_text",
		},
		key: byColumn("name"), ids: func(k *keys) map[string]uuid.UUID { return k.programs },
		row: programRow,
		write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
			n, err := db.New().ImportMedicalPrograms(ctx, tx, db.ImportMedicalProgramsParams(p))
			return result(n), err
		},
	},
	ProgramServicesTable: {
		name:     ProgramServicesTable,
		required: []string{"medical_program"},
		optional: []string{"service_code", "service_group_code", "consumer_price", "description", "is_active", "request_allowed"},
		key:      programServiceKey, ids: func(k *keys) map[string]uuid.UUID { return k.programServices },
		row: func(k *keys, r *record) row {
			return row{
				"program_id": k.programs[r.fields["medical_program"]],
				"service_id": optional(k.services[r.fields["service_code"]]), "service_group_id": optional(k.groups[r.fields["service_group_code"]]),
				"consumer_price": r.price("consumer_price"), "description": r.text("description"),
				"is_active": r.flag("is_active", true), "request_allowed": r.flag("request_allowed", true),
			}
		},
		write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
			n, err := db.New().ImportProgramServices(ctx, tx, db.ImportProgramServicesParams(p))
			return result(n), err
		},
	},
	DeviceDefinitionsTable:     &deviceDefinitions,
	DeviceDefinitionNamesTable: &deviceDefinitionNames,
	DeviceDefinitionTypesTable: &deviceDefinitionTypes,
	ProgramDevicesTable:        &programDevices,
}

// params and result are those of each query that imports.
type (
	params db.ImportServicesParams
	result db.ImportServicesRow
)

func byColumn(column string) func(*keys, *record) string {
	return func(_ *keys, r *record) string { return r.fields[column] }
}

func pair(a, b uuid.UUID) string { return a.String() + "/" + b.String() }

// optional is null for the zero id, which stands for none.
func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func programRow(_ *keys, r *record) row {
	kind := r.fields["type"]
	if !slices.Contains([]string{"MEDICATION", "SERVICE", "DEVICE"}, kind) {
		r.refuse("type is not MEDICATION, SERVICE or DEVICE")
	}
	return row{
		"name": r.text("name"), "type": kind, "funding_source": r.text("funding_source"), "mr_blank_type": r.text("mr_blank_type"),
		"is_active":                        r.flag("is_active", true),
		"medication_request_allowed":       r.flag("medication_request_allowed", false),
		"medication_request_allowed_text":  r.text("medication_request_allowed_text"),
		"medication_dispense_allowed":      r.flag("medication_dispense_allowed", false),
		"medication_dispense_allowed_text": r.text("medication_dispense_allowed_text"),
		"device_request_allowed":           r.optionalFlag("device_request_allowed"),
		"device_dispense_allowed":          r.optionalFlag("device_dispense_allowed"),
		"medical_program_settings":         r.object("medical_program_settings"),
		"medical_program_settings_text":    r.text("medical_program_settings_text"),
	}
}

func programServiceKey(k *keys, r *record) string {
	if (r.fields["service_code"] == "") == (r.fields["service_group_code"] == "") {
		r.refuse("one of service_code and service_group_code is wanted, and not both")
	}
	program := r.oneOf(k.programs, "medical_program", "medical program")
	service := r.oneOf(k.services, "service_code", "service")
	return pair(program, service) + "/" + r.oneOf(k.groups, "service_group_code", "group of services").String()
}

// maxGroups is how many groups stand above each other: the last of the catalogue's four
// levels is that of services.
const maxGroups = 3

// checkDepth refuses the rows that make a branch too long, or a ring.
func checkDepth(k *keys, all []*record) {
	of := make(map[uuid.UUID]*record, len(all))
	for _, r := range all {
		of[r.id] = r
	}
	refused := map[*record]bool{}
	for id := range k.parents {
		var branch []uuid.UUID
		for at := id; at != uuid.Nil && len(branch) <= maxGroups; at = k.parents[at] {
			branch = append(branch, at)
		}
		if len(branch) <= maxGroups {
			continue
		}
		for _, at := range branch {
			if r := of[at]; r != nil && k.parents[at] != uuid.Nil && !refused[r] {
				refused[r] = true
				r.refuse("more than %d groups stand above each other", maxGroups)
			}
		}
	}
}

// keys are the ids of what is stored, by what files call it.
type keys struct {
	services, groups, programs  map[string]uuid.UUID // by code, programs by name
	inclusions, programServices map[string]uuid.UUID // by the ids of both sides
	parents                     map[uuid.UUID]uuid.UUID

	definitions    map[string]uuid.UUID // by external id
	names, types   map[string]uuid.UUID // by definition and what it has
	programDevices map[string]uuid.UUID // by the ids of both sides
}

func readKeys(ctx context.Context, tx pgx.Tx) (*keys, error) {
	k := &keys{
		services: map[string]uuid.UUID{}, groups: map[string]uuid.UUID{}, programs: map[string]uuid.UUID{},
		inclusions: map[string]uuid.UUID{}, programServices: map[string]uuid.UUID{}, parents: map[uuid.UUID]uuid.UUID{},
	}
	q := db.New()
	services, err := q.ListServiceCodes(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list codes of services: %w", postgres.Error(err))
	}
	for _, s := range services {
		k.services[s.Code] = s.ID
	}
	groups, err := q.ListServiceGroupCodes(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list codes of groups of services: %w", postgres.Error(err))
	}
	for _, g := range groups {
		k.groups[g.Code], k.parents[g.ID] = g.ID, deref(g.ParentID)
	}
	programs, err := q.ListMedicalProgramNames(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list names of medical programs: %w", postgres.Error(err))
	}
	for _, p := range programs {
		k.programs[p.Name] = p.ID
	}
	if err := k.readPairs(ctx, tx); err != nil {
		return nil, err
	}
	return k, k.readDevices(ctx, tx)
}

func (k *keys) readPairs(ctx context.Context, tx pgx.Tx) error {
	inclusions, err := db.New().ListServiceInclusionKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list services of groups: %w", postgres.Error(err))
	}
	for _, i := range inclusions {
		k.inclusions[pair(i.ServiceGroupID, i.ServiceID)] = i.ID
	}
	included, err := db.New().ListProgramServiceKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list services of programs: %w", postgres.Error(err))
	}
	for _, p := range included {
		k.programServices[pair(p.ProgramID, deref(p.ServiceID))+"/"+deref(p.ServiceGroupID).String()] = p.ID
	}
	return nil
}

func deref(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
