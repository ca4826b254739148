package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/catalogues"
)

// catalogueFile is what the commands below read.
type catalogueFile struct {
	File string `arg:"" type:"existingfile" help:"CSV in UTF-8 whose first line names its columns, with commas or semicolons. docs/your-own-data.md lists the columns."`
}

type (
	importServicesCommand          struct{ catalogueFile }
	importServiceGroupsCommand     struct{ catalogueFile }
	importServiceInclusionsCommand struct{ catalogueFile }
	importMedicalProgramsCommand   struct{ catalogueFile }
	importProgramServicesCommand   struct{ catalogueFile }

	importDeviceDefinitionsCommand     struct{ catalogueFile }
	importDeviceDefinitionNamesCommand struct{ catalogueFile }
	importDeviceDefinitionTypesCommand struct{ catalogueFile }
	importProgramDevicesCommand        struct{ catalogueFile }
)

func (c importServicesCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.ServicesTable)
}

func (c importServiceGroupsCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.ServiceGroupsTable)
}

func (c importServiceInclusionsCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.ServiceInclusionsTable)
}

func (c importMedicalProgramsCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.MedicalProgramsTable)
}

func (c importProgramServicesCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.ProgramServicesTable)
}

func (c importDeviceDefinitionsCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.DeviceDefinitionsTable)
}

func (c importDeviceDefinitionNamesCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.DeviceDefinitionNamesTable)
}

func (c importDeviceDefinitionTypesCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.DeviceDefinitionTypesTable)
}

func (c importProgramDevicesCommand) Run(ctx context.Context) error {
	return c.importInto(ctx, catalogues.ProgramDevicesTable)
}

// importInto imports the file, or lists the rows because of which it does not.
func (c catalogueFile) importInto(ctx context.Context, table string) (err error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("open the catalogue: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	report, err := catalogues.Import(ctx, pool, table, file, clock.New().Now(), cfg.SystemUser)
	for _, bad := range report.Bad {
		fmt.Fprintln(os.Stdout, bad)
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", c.File, err)
	}
	fmt.Fprintf(os.Stdout, "%d rows read, of which %d are new and %d have changed\n", report.Rows, report.Inserted, report.Changed)
	return nil
}
