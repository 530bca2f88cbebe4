package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"halfmeg/cmd/edge/internal/service"
)

// systemFlags are those of install and uninstall.
type systemFlags struct {
	dryRun bool
	root   string
}

func (f *systemFlags) add(command *cobra.Command) {
	command.Flags().SortFlags = false
	command.Flags().BoolVar(&f.dryRun, "dry-run", false, "only write what would be done")
	command.Flags().StringVar(&f.root, "root", "", "`folder` of a system that is not running, such as a mounted SD card")
}

func (f *systemFlags) system(cmd *cobra.Command) service.System {
	return service.System{
		Root:   f.root,
		DryRun: f.dryRun,
		Out:    cmd.OutOrStdout(),
		Systemctl: func(args ...string) error {
			return runSystemctl(cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
}

// runSystemctl runs systemctl. If the service does not start, systemctl names the command
// that shows why.
func runSystemctl(stdout, stderr io.Writer, args []string) error {
	command := exec.Command("systemctl", args...)
	command.Stdout, command.Stderr = stdout, stderr
	return command.Run()
}

func newInstall() *cobra.Command {
	var f systemFlags
	program := ""
	command := &cobra.Command{
		Use:   "install [flags] [-- flags of run]",
		Short: "Install this program as a service of systemd",
		Long: `install makes edge a service that starts with the system: it copies this program to
/usr/local/bin, writes a unit for systemd, and enables and starts it. It writes a line
for each step.
Without flags of run the service reads /etc/halfmeg/config.yaml, which install creates
if necessary. Passwords belong in files of /etc/halfmeg/secrets, because everyone can
read the flags of a service; the comments in config.yaml show how.

The service runs as a user without rights, who sees the cameras, I2C, SPI and pins, and
writes only to /var/lib/edge. systemd restarts it whenever it ends or stops to respond.
install may be repeated, to update the program or change the flags. It keeps a unit or a
program that has been changed since, with .old after its name. uninstall undoes it.
The Debian package halfmeg has its own service; the two exclude each other.`,
		Example: `  sudo edge install
  edge install --dry-run
  sudo edge install -- --camera auto --listen :8080
  sudo edge install -- --config /etc/feeder.yaml
  sudo edge install --root /media/card --program edge-linux-arm64`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("install takes no argument %q; flags of run follow after --", args[0])
			}
			system := f.system(cmd)
			if err := system.CheckPackage(); err != nil { // first: the configuration is for its service
				return err
			}
			if err := checkService(args, &system); err != nil {
				return err
			}
			if program == "" {
				var err error
				if program, err = os.Executable(); err != nil {
					return err
				}
			} else if f.root == "" {
				return errors.New("--program needs --root: to install another program into this system, start that: ./edge-linux-arm64 install")
			}
			i := service.Install{System: system, Program: program, Args: args}
			return i.Do()
		},
	}
	f.add(command)
	command.Flags().StringVar(&program, "program", "", "program to install with --root instead of this one, a `file` such as edge-linux-arm64")
	return command
}

func newUninstall() *cobra.Command {
	var f systemFlags
	command := &cobra.Command{
		Use:   "uninstall [flags]",
		Short: "Remove the service that install has installed",
		Long: `uninstall stops the service and removes the files that install has written. It keeps
files that have been changed since, files that others have written, and what the
service has recorded in /var/lib/edge. A changed unit is renamed to edge.service.old.`,
		Example: `  sudo edge uninstall
  edge uninstall --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := f.system(cmd)
			return s.Uninstall()
		},
	}
	f.add(command)
	return command
}
