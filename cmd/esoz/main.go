// Command esoz is the server alone: it serves the API on engines that are
// already there, brings their databases up to date, and imports data.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"esoz/internal/platform/completion"
	"esoz/openapi"
)

type commands struct {
	Version    kong.VersionFlag `help:"Print the version and the commit."`
	Completion completion.Flag  `placeholder:"SHELL" help:"Print completions for bash, zsh or fish."`

	Serve   serveCommand   `cmd:"" help:"Serve the API. Settings are environment variables, see docs/configuration.md."`
	Migrate migrateCommand `cmd:"" help:"Migrate both databases to this version."`
	Hold    holdCommand    `cmd:"" help:"Run a command, such as a backup, while no server changes documents: jobs wait, for an hour at most."`
	Rekey   rekeyCommand   `cmd:"" help:"Seal everything with the first of several keys in SERVER_KEY and PERSON_PK_KEYPHRASE, while servers run."`
	Doctor  doctorCommand  `cmd:"" help:"Say what is wrong with the settings and the databases. Changes nothing."`
	Import  struct {
		KATOTTG           importKATOTTGCommand           `cmd:"" name:"katottg" help:"Import the national codifier of settlements."`
		Services          importServicesCommand          `cmd:"" name:"services" help:"Import services, by code."`
		ServiceGroups     importServiceGroupsCommand     `cmd:"" name:"service_groups" help:"Import groups of services, by code."`
		ServiceInclusions importServiceInclusionsCommand `cmd:"" name:"service_inclusions" help:"Import which services are in which groups."`
		MedicalPrograms   importMedicalProgramsCommand   `cmd:"" name:"medical_programs" help:"Import medical programs, by name."`
		ProgramServices   importProgramServicesCommand   `cmd:"" name:"program_services" help:"Import what medical programs pay for."`

		DeviceDefinitions     importDeviceDefinitionsCommand     `cmd:"" name:"device_definitions" help:"Import medical devices, by external id."`
		DeviceDefinitionNames importDeviceDefinitionNamesCommand `cmd:"" name:"device_definition_names" help:"Import what medical devices are called."`
		DeviceDefinitionTypes importDeviceDefinitionTypesCommand `cmd:"" name:"device_definition_classification_types" help:"Import the classes of medical devices."`
		ProgramDevices        importProgramDevicesCommand        `cmd:"" name:"program_devices" help:"Import which medical devices programs pay for."`
	} `cmd:"" help:"Import data."`
	Admin struct {
		Add    addCommand    `cmd:"" help:"Register a MIS, a legal entity, a user or a person, described by JSON as the sandbox's methods take it."`
		List   listCommand   `cmd:"" help:"List what is registered."`
		Delete deleteCommand `cmd:"" help:"Delete what was registered."`
	} `cmd:"" help:"Register what no public operation creates."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	var c commands
	command := kong.Parse(&c, kong.Name("esoz"), kong.Description("The public API of Ukraine's eHealth system (ЕСОЗ), on your own databases."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Vars{"version": "esoz " + openapi.Version()})
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "esoz:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}
