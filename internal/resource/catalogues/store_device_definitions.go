package catalogues

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// deviceDefinition returns a medical device; fault.ErrNotFound when there is none.
func (s Store) deviceDefinition(ctx context.Context, id uuid.UUID) (found db.ListDeviceDefinitionsRow, err error) {
	rows, err := db.New().ListDeviceDefinitions(ctx, s.Pool, db.ListDeviceDefinitionsParams{ID: &id, IsActive: []bool{true, false}, PageLimit: 1})
	if err != nil {
		return found, fmt.Errorf("look up device definition: %w", postgres.Error(err))
	}
	if len(rows) == 0 {
		return found, fault.ErrNotFound
	}
	return rows[0], nil
}

// listDeviceDefinitions returns a page of medical devices, oldest first, and how many there are in all.
func listDeviceDefinitions[Shown any](
	ctx context.Context, s Store, f deviceDefinitionFilter, page envelope.Page, show func(db.ListDeviceDefinitionsRow) Shown,
) (found []Shown, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListDeviceDefinitionsRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListDeviceDefinitions(ctx, from, db.ListDeviceDefinitionsParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListDeviceDefinitionsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list device definitions: %w", err)
	}
	return medicalevents.Each(rows, show), total, nil
}

func showDeviceDefinition(row db.ListDeviceDefinitionsRow) api.DeviceDefinition {
	d := row.PRMDeviceDefinition
	return api.DeviceDefinition{
		ID: d.ID.String(), ExternalID: text(d.ExternalID), DeviceNames: row.DeviceNames, Description: text(d.Description),
		Manufacturer: d.Manufacturer, ModelNumber: text(d.ModelNumber), PartNumber: text(d.PartNumber), Note: text(d.Note),
		Packaging: api.DevicePackaging{PackagingType: d.PackagingType, PackagingCount: int(d.PackagingCount), PackagingUnit: d.PackagingUnit},
		ParentID:  medicalevents.Nullable(d.ParentID, uuid.UUID.String), ClassificationTypes: row.ClassificationTypes, Properties: row.Properties,
		ProgramDevices: row.ProgramDevices, IsActive: d.IsActive,
		InsertedAt: envelope.Micro(d.InsertedAt), InsertedBy: d.InsertedBy.String(),
		UpdatedAt: envelope.Micro(d.UpdatedAt), UpdatedBy: d.UpdatedBy.String(),
	}
}

func showDeviceDefinitionV1(row db.ListDeviceDefinitionsRow) api.DeviceDefinitionV1 {
	d := showDeviceDefinition(row)
	return api.DeviceDefinitionV1{
		ID: d.ID, ExternalID: d.ExternalID, DeviceNames: d.DeviceNames, Description: d.Description, Manufacturer: d.Manufacturer,
		ModelNumber: d.ModelNumber, PartNumber: d.PartNumber, Note: d.Note, Packaging: d.Packaging, ParentID: d.ParentID,
		ClassificationType: classOfVersion1(row), Properties: row.PropertiesV1, ProgramDevices: d.ProgramDevices, IsActive: d.IsActive,
		InsertedAt: d.InsertedAt, InsertedBy: d.InsertedBy, UpdatedAt: d.UpdatedAt, UpdatedBy: d.UpdatedBy,
	}
}

// classOfVersion1 is empty for a device that version 1 does not show.
func classOfVersion1(row db.ListDeviceDefinitionsRow) string {
	if class := row.PRMDeviceDefinition.ClassificationType; class != nil {
		return *class
	}
	return ""
}
