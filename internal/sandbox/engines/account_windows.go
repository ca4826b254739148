package engines

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/windows"
)

// account is ourselves: PostgreSQL's own programs put down the rights of an
// administrator.
type account struct{ drop bool }

func accountFor(string) (account, error) { return account{}, nil }
func (account) nameless() bool           { return false }
func (account) give(string) error        { return nil }
func (account) reaches(string) bool      { return true }

// environment of PostgreSQL's programs, which find the system by theirs.
func environment() []string { return os.Environ() }

// become takes cmd away from our console.
func (account) become(cmd *exec.Cmd) {
	cmd.SysProcAttr = &windows.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
	cmd.Env = environment()
}

// named does nothing: everybody has a name.
func named(*exec.Cmd) {}

// ours reports whether dir is a folder: the temporary one is the user's own.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir()
}

// enclose closes a new folder, and what will come into it, to other users; modes of
// files do not. It also opens it to this user without the rights of an administrator.
func enclose(dir string) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("find our own name: %w", err)
	}
	entries := []windows.EXPLICIT_ACCESS{allowed(user.User.Sid)}
	for _, kind := range []windows.WELL_KNOWN_SID_TYPE{windows.WinLocalSystemSid, windows.WinBuiltinAdministratorsSid} {
		sid, err := windows.CreateWellKnownSid(kind)
		if err != nil {
			return fmt.Errorf("find the system's own names: %w", err)
		}
		entries = append(entries, allowed(sid))
	}
	list, err := windows.ACLFromEntries(entries, nil)
	if err != nil {
		return fmt.Errorf("make a list of access: %w", err)
	}
	err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	if errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) {
		return nil // a disk without access rights
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

func allowed(sid *windows.SID) windows.EXPLICIT_ACCESS {
	return windows.EXPLICIT_ACCESS{
		AccessPermissions: windows.GENERIC_ALL,
		AccessMode:        windows.GRANT_ACCESS,
		Inheritance:       windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee: windows.TRUSTEE{
			TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeType: windows.TRUSTEE_IS_UNKNOWN, TrusteeValue: windows.TrusteeValueFromSID(sid),
		},
	}
}
