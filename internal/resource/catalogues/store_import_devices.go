package catalogues

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

var deviceDefinitions = table{
	name:     DeviceDefinitionsTable,
	required: []string{"external_id", "packaging_type", "packaging_count", "packaging_unit"},
	optional: []string{
		"classification_type", "description", "manufacturer", "model_number", "part_number", "note", "parent_external_id", "properties", "is_active",
	},
	key: byColumn("external_id"), ids: func(k *keys) map[string]uuid.UUID { return k.definitions },
	row: func(k *keys, r *record) row {
		return row{
			"external_id": r.text("external_id"), "classification_type": r.text("classification_type"), "description": r.text("description"),
			"manufacturer": r.manufacturer(), "model_number": r.text("model_number"), "part_number": r.text("part_number"), "note": r.text("note"),
			"packaging_type": r.text("packaging_type"), "packaging_count": r.count("packaging_count"), "packaging_unit": r.text("packaging_unit"),
			"parent_id":  optional(r.oneOf(k.definitions, "parent_external_id", "device definition")),
			"properties": r.properties(), "is_active": r.flag("is_active", true),
		}
	},
	write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
		n, err := db.New().ImportDeviceDefinitions(ctx, tx, db.ImportDeviceDefinitionsParams(p))
		return result(n), err
	},
}

var deviceDefinitionNames = table{
	name: DeviceDefinitionNamesTable, required: []string{"device_definition", "name", "type"},
	key: func(k *keys, r *record) string {
		if !slices.Contains([]string{"registered", "user_friendly", "patient_reported"}, r.fields["type"]) {
			r.refuse("type is not registered, user_friendly or patient_reported")
		}
		return partOf(r.definition(k), r.fields["type"], r.fields["name"])
	},
	ids: func(k *keys) map[string]uuid.UUID { return k.names },
	row: func(k *keys, r *record) row {
		return row{"device_definition_id": k.definitions[r.fields["device_definition"]], "name": r.text("name"), "type": r.text("type")}
	},
	write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
		n, err := db.New().ImportDeviceDefinitionNames(ctx, tx, p.Rows)
		return result(n), err
	},
}

var deviceDefinitionTypes = table{
	name: DeviceDefinitionTypesTable, required: []string{"device_definition", "system", "code"},
	key: func(k *keys, r *record) string { return partOf(r.definition(k), r.fields["system"], r.fields["code"]) },
	ids: func(k *keys) map[string]uuid.UUID { return k.types },
	row: func(k *keys, r *record) row {
		return row{"device_definition_id": k.definitions[r.fields["device_definition"]], "system": r.text("system"), "code": r.text("code")}
	},
	write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
		n, err := db.New().ImportDeviceDefinitionClassificationTypes(ctx, tx, p.Rows)
		return result(n), err
	},
}

var programDevices = table{
	name:     ProgramDevicesTable,
	required: []string{"medical_program", "device_definition", "reimbursement_type", "start_date"},
	optional: []string{
		"reimbursement_amount", "percentage_discount", "wholesale_price", "consumer_price", "reimbursement_daily_count", "estimated_payment_amount",
		"max_daily_count", "registry_number", "device_request_allowed", "care_plan_activity_allowed", "end_date", "is_active",
	},
	key: func(k *keys, r *record) string {
		return pair(r.oneOf(k.programs, "medical_program", "medical program"), r.definition(k))
	},
	ids: func(k *keys) map[string]uuid.UUID { return k.programDevices },
	row: programDeviceRow,
	write: func(ctx context.Context, tx pgx.Tx, p params) (result, error) {
		n, err := db.New().ImportProgramDevices(ctx, tx, db.ImportProgramDevicesParams(p))
		return result(n), err
	},
}

func programDeviceRow(k *keys, r *record) row {
	amount, discount := r.price("reimbursement_amount"), r.percentage("percentage_discount")
	switch kind := r.fields["reimbursement_type"]; {
	case kind != "FIXED" && kind != "PERCENTAGE":
		r.refuse("reimbursement_type is not FIXED or PERCENTAGE")
	case (kind == "FIXED") != (amount != nil) || (kind == "PERCENTAGE") != (discount != nil):
		r.refuse("FIXED wants reimbursement_amount alone, PERCENTAGE wants percentage_discount alone")
	}
	start, end := r.date("start_date"), r.date("end_date")
	if start != nil && end != nil && *end < *start {
		r.refuse("end_date is before start_date")
	}
	return row{
		"medical_program_id": k.programs[r.fields["medical_program"]], "device_definition_id": k.definitions[r.fields["device_definition"]],
		"reimbursement_type": r.text("reimbursement_type"), "reimbursement_amount": amount, "percentage_discount": discount,
		"wholesale_price": r.price("wholesale_price"), "consumer_price": r.price("consumer_price"),
		"reimbursement_daily_count": r.quantity("reimbursement_daily_count"), "estimated_payment_amount": r.price("estimated_payment_amount"),
		"max_daily_count": r.quantity("max_daily_count"), "registry_number": r.text("registry_number"),
		"device_request_allowed": r.flag("device_request_allowed", true), "care_plan_activity_allowed": r.flag("care_plan_activity_allowed", true),
		"start_date": start, "end_date": end, "is_active": r.flag("is_active", true),
	}
}

// definition finds the device that a row is about.
func (r *record) definition(k *keys) uuid.UUID {
	return r.oneOf(k.definitions, "device_definition", "device definition")
}

// partOf tells apart what a device has several of.
func partOf(definition uuid.UUID, kind, text string) string {
	return definition.String() + "/" + strconv.Quote(kind) + strconv.Quote(text)
}

// readDevices adds the keys of what is stored of devices.
func (k *keys) readDevices(ctx context.Context, tx pgx.Tx) error {
	k.definitions, k.names, k.types, k.programDevices = map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}
	definitions, err := db.New().ListDeviceDefinitionKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list external ids of device definitions: %w", postgres.Error(err))
	}
	for _, d := range definitions {
		k.definitions[d.ExternalID] = d.ID
	}
	names, err := db.New().ListDeviceDefinitionNameKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list names of device definitions: %w", postgres.Error(err))
	}
	for _, n := range names {
		k.names[partOf(n.DeviceDefinitionID, n.Type, n.Name)] = n.ID
	}
	types, err := db.New().ListDeviceDefinitionClassificationTypeKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list classes of device definitions: %w", postgres.Error(err))
	}
	for _, t := range types {
		k.types[partOf(t.DeviceDefinitionID, t.System, t.Code)] = t.ID
	}
	paid, err := db.New().ListProgramDeviceKeys(ctx, tx)
	if err != nil {
		return fmt.Errorf("list devices of programs: %w", postgres.Error(err))
	}
	for _, p := range paid {
		k.programDevices[pair(p.MedicalProgramID, p.DeviceDefinitionID)] = p.ID
	}
	return nil
}

// manufacturer reads who makes a device, as answers show it.
func (r *record) manufacturer() json.RawMessage {
	type manufacturer struct {
		Name    string `json:"name"`
		Country string `json:"country"`
	}
	return decoded(r, "manufacturer", `{"name": "…", "country": "…"}`, func(m manufacturer) bool { return m.Name != "" && m.Country != "" })
}

// properties reads what a device is like, as version 2 of the API shows it.
func (r *record) properties() json.RawMessage {
	return decoded(r, "properties", `[{"type": {"system": "…", "code": "…"}, "value_…": …}, …]`, func(all []api.DeviceProperty) bool {
		return !slices.ContainsFunc(all, func(p api.DeviceProperty) bool {
			values := 0
			for _, isThere := range []bool{
				p.ValueInteger != nil, p.ValueDecimal != nil, p.ValueBoolean != nil, p.ValueString != nil, p.ValueCodeableConcept != nil,
			} {
				if isThere {
					values++
				}
			}
			concept := p.ValueCodeableConcept
			return values != 1 || isIncomplete(p.Type) || concept != nil && (len(concept.Coding) == 0 || slices.ContainsFunc(concept.Coding, isIncomplete))
		})
	})
}

func isIncomplete(c api.Coding) bool { return c.System == "" || c.Code == "" }
