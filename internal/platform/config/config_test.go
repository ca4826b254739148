package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/config"
)

var required = []string{
	"DATABASE_URL=postgres://localhost/esoz", "MONGO_URL=mongodb://localhost",
	"SERVER_KEY=" + strings.Repeat("0f", 32), "PERSON_PK_KEYPHRASE=" + strings.Repeat("0f", 16),
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(required)
	require.NoError(t, err)
	require.Equal(t, config.APIKeyRequired, cfg.GatewayAPIKey)
	require.Equal(t, "Код авторизації дій в системі eHealth: ", cfg.OTPCodeText)
	require.Equal(t, []int{10, 10, 10_000}, []int{cfg.OTPPhoneLimit, cfg.OTPResourceLimit, cfg.OTPLegalEntityLimit})
	require.Equal(t, []string{"PRIMARY_CARE", "OUTPATIENT", "EMERGENCY", "MSP", "MSP_PHARMACY"}, cfg.MedicalEventsLETypes)
	require.Equal(t, []string{"RESIDENCE"}, cfg.DivisionAddressTypes.For("MSP", "CLINIC").Required)
	require.Equal(t, []string{"REGISTRATION", "RECEPTION"}, cfg.DivisionAddressTypes.For("OUTPATIENT", "CLINIC").Optional)
	require.Equal(t, []string{"REGISTRATION"}, cfg.DivisionAddressTypes.For("PHARMACY", "DRUGSTORE").Optional)
	noon := time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	require.Equal(t, noon.Add(12*time.Hour+40*time.Minute), cfg.JobsCleanupSchedule.Next(noon))
}

// By default a server listens on loopback only.
func TestAddressesAreLoopback(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(required)
	require.NoError(t, err)
	for _, address := range []string{cfg.ListenAddr, cfg.AdminAddr} {
		parsed, err := netip.ParseAddrPort(address)
		require.NoError(t, err)
		require.True(t, parsed.Addr().IsLoopback(), address)
	}
}

// Load reports all faults together.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"MONGO_URL=mongodb://localhost", "SERVER_KEY=short", "PERSON_PK_KEYPHRASE=" + strings.Repeat("0f", 16),
		"GATEWAY_API_KEY=sometimes", "MAX_ATTEMPTS=none", "JOBS_CLEANUP_SCHEDULE=daily", "OTP_CODE_LENGTH=1",
		"RULES=+no.such.rule", "SMS_PROVIDER=pigeon", "PUBLIC_BASE_URL=here", "LISTEN_ADDR=here",
		"CORS_ORIGINS=https://mis.example.com,mis.example.com", "TRUSTED_PROXIES=proxy", "MAX_PAGE_SIZE=301",
	})
	require.Error(t, err)
	for _, part := range []string{
		"DATABASE_URL", "SERVER_KEY", "GATEWAY_API_KEY", "MAX_ATTEMPTS", "JOBS_CLEANUP_SCHEDULE", "OTP_CODE_LENGTH", "no.such.rule", "SMS_PROVIDER", "PUBLIC_BASE_URL", "LISTEN_ADDR",
		`CORS_ORIGINS: want scheme://host[:port] or *, not "mis.example.com"`, "TRUSTED_PROXIES", "MAX_PAGE_SIZE: want at most 300",
	} {
		require.ErrorContains(t, err, part)
	}
}

func TestRulesAreSwitched(t *testing.T) {
	t.Parallel()
	var off, on, fixed rules.ID
	for _, rule := range rules.All {
		switch {
		case rule.Fixed:
			fixed = rule.ID
		case rule.Off:
			off = rule.ID
		default:
			on = rule.ID
		}
	}
	cfg, err := config.Load(append(required, "RULES=+"+string(off)+", -"+string(on)))
	require.NoError(t, err)
	require.True(t, cfg.On(off))
	require.False(t, cfg.On(on))
	require.True(t, cfg.On(fixed))

	_, err = config.Load(append(required, "RULES=-"+string(fixed)))
	require.ErrorContains(t, err, "cannot be switched")
}

func TestRulesInForce(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(append(required, "RULES=-division.create.country", "GATEWAY_API_KEY=when_sent"))
	require.NoError(t, err)
	for id, inForce := range map[rules.ID]bool{
		rules.DivisionCreateZip: true, rules.DivisionCreateCountry: false, rules.ServiceRequestReleaseOwner: false,
		rules.GatewayPSK: false, rules.GatewayRateLimit: false, rules.DivisionCreateParty: false, rules.VerificationInitializeRate: false,
		rules.VerificationInitializePhoneLimit: true, rules.SessionLoginAttempts: true, rules.GatewayAPIKeyMissing: false, rules.GatewayAPIKeyUnknown: true, rules.GatewayBrokerScope: true,
		rules.RequestIdempotencyInFlight: false,
	} {
		require.Equal(t, inForce, cfg.InForce(id), "%s", id)
	}
	cfg, err = cfg.With(map[string]string{
		"GATEWAY_PSK": "k", "RATE_LIMIT_PER_MINUTE": "1", "BLOCK_UNVERIFIED_PARTY_USERS": "true", "INIT_VERIFICATION_LIMIT": "60",
		"GATEWAY_API_KEY": "required", "IDEMPOTENCY": "replay", "RULES": "+service_request.release.owner",
	})
	require.NoError(t, err)
	for _, id := range []rules.ID{
		rules.GatewayPSK, rules.GatewayRateLimit, rules.DivisionCreateParty, rules.VerificationInitializeRate, rules.GatewayAPIKeyMissing,
		rules.ServiceRequestReleaseOwner, rules.DivisionCreateCountry, rules.RequestIdempotencyInFlight,
	} {
		require.True(t, cfg.InForce(id), "%s", id)
	}
	cfg, err = cfg.With(map[string]string{"GATEWAY_API_KEY": "off"})
	require.NoError(t, err)
	require.False(t, cfg.InForce(rules.GatewayBrokerScope))
}

// The Flag of every rule is a setting.
func TestFlagsOfRulesAreSettings(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"": true}
	for _, f := range config.Fields() {
		names[f.Name] = true
	}
	for _, rule := range rules.All {
		require.True(t, names[rule.Flag], "%s waits for %s", rule.ID, rule.Flag)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(append(required, "GATEWAY_PSK=hosting-key"))
	require.NoError(t, err)
	require.Equal(t, "***", cfg.ServerKey.String())
	require.Equal(t, "[***]", strings.Join([]string{"[", cfg.GatewayPSK[0].String(), "]"}, ""))
}

// A secret may lie in a file.
func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	key := strings.Repeat("ab", 32)
	require.NoError(t, os.WriteFile(file, []byte(key+"\n"), 0o600))
	without := []string{required[0], required[1], required[3]}

	cfg, err := config.Load(append(without, "SERVER_KEY_FILE="+file))
	require.NoError(t, err)
	require.Equal(t, key, string(cfg.ServerKey))

	_, err = config.Load(append(required, "SERVER_KEY_FILE="+file))
	require.EqualError(t, err, "SERVER_KEY and SERVER_KEY_FILE: want one of them")
	_, err = config.Load(append(without, "SERVER_KEY_FILE="+file+".not"))
	require.ErrorContains(t, err, "SERVER_KEY_FILE: open ")

	_, err = cfg.With(map[string]string{"SERVER_KEY_FILE": "/etc/passwd"})
	require.ErrorContains(t, err, "no such setting", "a sandbox reads no file that a request names")
	require.NoError(t, os.WriteFile(file, []byte("secret words"), 0o600))
	_, err = config.Load(append(without, "SERVER_KEY_FILE="+file))
	require.ErrorContains(t, err, "SERVER_KEY: want 32 bytes in hex")
	require.NotContains(t, err.Error(), "secret words")
}

// While keys are changed there are several.
func TestListsOfKeys(t *testing.T) {
	t.Parallel()
	one, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	load := func(list string) (*config.Config, error) {
		return config.Load([]string{required[0], required[1], required[3], "SERVER_KEY=" + list})
	}
	cfg, err := load(one + ", " + other)
	require.NoError(t, err)
	keys, err := cfg.ServerKey.Keys()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	for _, wrong := range []string{one + ",", one + "," + other[2:], one + ";" + other} {
		_, err = load(wrong)
		require.EqualError(t, err, "SERVER_KEY: want 32 bytes in hex, or several such keys, comma-separated")
	}
	_, err = load(one + "," + one)
	require.EqualError(t, err, "SERVER_KEY: names a key twice")
}

// No number can overflow what is computed from it.
func TestNumbersAreBounded(t *testing.T) {
	t.Parallel()
	cfg := reflect.TypeFor[config.Config]()
	for i, f := range config.Fields() {
		kind := cfg.Field(i).Type
		if kind.Kind() != reflect.Int && kind.Kind() != reflect.Int32 && kind.Kind() != reflect.Int64 {
			continue
		}
		tooMuch, tooLittle := "2000000000", "-1"
		if kind == reflect.TypeFor[time.Duration]() {
			tooMuch, tooLittle = "2562047h", "-1ns"
		}
		_, err := config.Load(append(required, f.Name+"="+tooMuch))
		require.EqualError(t, err, f.Name+": want at most "+f.Max)
		_, err = config.Load(append(required, f.Name+"="+tooLittle))
		require.EqualError(t, err, f.Name+": want at least "+f.Min)
		_, err = config.Load(append(required, f.Name+"="+f.Max))
		require.NoError(t, err)
	}
}

// never is later than every moment, and can be added to it.
func TestNever(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(append(required, "APPROVAL_TTL_HOURS=never", "JOB_TTL_DAYS=never"))
	require.NoError(t, err)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Equal(t, 1926, now.AddDate(0, 0, -int(cfg.JobTTLDays)).Year())
	require.Equal(t, 1926, now.Add(-time.Duration(cfg.ApprovalTTLHours)*time.Hour).Year())
	_, err = config.Load(append(required, "JOB_TTL_DAYS=3651"))
	require.EqualError(t, err, "JOB_TTL_DAYS: want at most 3650")
	_, err = config.Load(append(required, "JOB_TTL_DAYS=always"))
	require.ErrorContains(t, err, `JOB_TTL_DAYS: "always" is neither a number nor never`)
	_, err = config.Load(append(required, "AUTH_ACCESS_TOKEN_LIFETIME=never"))
	require.Error(t, err, "a token ends")
}

// An address that cannot work is refused with the reason.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, reason := range map[string]string{
		"https://mis.example.com": "", "http://127.0.0.1:8080": "", "https://[2001:db8::1]:8443": "", "https://example.com/ehealth": "",
		"https://mis.example.com/": "no slash at the end", "https://example.com/ehealth/": "no slash at the end",
		"https://mis.example.com?a=1": "no query", "https://mis.example.com?": "no query", "https://mis.example.com#": "no fragment",
		"https://user:password@mis.example.com": "password", "mis.example.com": "this is none", "https://:8080": "this is none",
		"https://mis.example.com:0": "the port", "https://mis.example.com:": "the port", "https://mis.example.com:99999": "the port",
	} {
		_, err := config.Load(append(required, "PUBLIC_BASE_URL="+address))
		if reason == "" {
			require.NoError(t, err, address)
			continue
		}
		require.ErrorContains(t, err, "PUBLIC_BASE_URL: want http(s)://host[:port]: ", address)
		require.ErrorContains(t, err, reason, address)
	}
	for origin, reason := range map[string]string{
		"*": "", "https://mis.example.com": "", "http://localhost:3000": "", "http://[::1]:3000": "", "chrome-extension://abcdef": "",
		"https://*.example.com": "no patterns", "https://mis.example.com/": "slash", "https://mis.example.com?x": "query",
		"HTTPS://mis.example.com": "small letters", "https://MIS.example.com": "small letters", "https://мис.укр": "punycode",
		"https://mis.example.com:443": "usual port", "http://mis.example.com:80": "usual port", "https://mis.example.com:": "the port",
		"https://user@mis.example.com": "no name", "null": "this is none", "mis.example.com": "this is none",
	} {
		_, err := config.Load(append(required, "CORS_ORIGINS="+origin))
		if reason == "" {
			require.NoError(t, err, origin)
			continue
		}
		require.ErrorContains(t, err, "CORS_ORIGINS: want scheme://host[:port] or *, not ", origin)
		require.ErrorContains(t, err, reason, origin)
	}
}

// READING picks the defaults of the readings, and each can be set alone.
func TestReadings(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(required)
	require.NoError(t, err)
	require.False(t, cfg.ReadsLive(cfg.JobLinks))
	live, err := cfg.With(map[string]string{"READING": "live", "JOB_LINKS": "documented"})
	require.NoError(t, err)
	require.False(t, live.ReadsLive(live.JobLinks))
	for _, point := range []config.Reading{
		live.ResendOTPStatus, live.CityAreaNames, live.UserReadScope, live.VerificationStatus, live.AsyncChecks,
		live.SignedBodyFields,
	} {
		require.True(t, live.ReadsLive(point))
	}
	alone, err := cfg.With(map[string]string{"JOB_LINKS": "live"})
	require.NoError(t, err)
	require.True(t, alone.ReadsLive(alone.JobLinks))
	require.False(t, alone.ReadsLive(alone.CityAreaNames))
	_, err = cfg.With(map[string]string{"READING": "alive"})
	require.ErrorContains(t, err, "READING")
}

func TestWith(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(required)
	require.NoError(t, err)
	changed, err := cfg.With(map[string]string{"MAX_ATTEMPTS": "5", "BLOCK_UNVERIFIED_PARTY_USERS": "true"})
	require.NoError(t, err)
	require.Equal(t, 5, changed.MaxAttempts)
	require.True(t, changed.BlockUnverifiedParty)
	require.Equal(t, cfg.ServerKey, changed.ServerKey)
	require.Equal(t, 3, cfg.MaxAttempts, "the original stays as it was")

	_, err = changed.With(map[string]string{"NO_SUCH": "1", "NOR_THIS": "2"})
	require.ErrorContains(t, err, "NO_SUCH")
	require.ErrorContains(t, err, "NOR_THIS")
	_, err = changed.With(map[string]string{"MAX_ATTEMPTS": "many"})
	require.Error(t, err)
}

func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range config.Fields() {
		require.NotEmpty(t, f.Name)
		require.NotEmpty(t, f.Doc, f.Name)
	}
}

// A server trusts the authorities of its file, and nobody without one.
func TestSignatures(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(required)
	require.NoError(t, err)
	require.Equal(t, config.SignatureCMS, cfg.Signature)
	require.True(t, cfg.SignatureTrust)
	require.Zero(t, cfg.SignatureRoots)
	require.Equal(t, int64(14<<20), cfg.MaxSignedBody())

	cfg, err = config.Load(append(required, "SIGNATURE_ROOTS_FILE=../signature/testdata/dstu_m257.pem", "MAX_SIGNED_CONTENT_BYTES=1"))
	require.NoError(t, err)
	require.NotZero(t, cfg.SignatureRoots)
	require.Equal(t, cfg.MaxBodyBytes, cfg.MaxSignedBody())
	changed, err := cfg.With(map[string]string{"SIGNATURE": "plain"})
	require.NoError(t, err)
	require.Equal(t, cfg.SignatureRoots, changed.SignatureRoots)

	for _, file := range []string{"no-such-file", "config_test.go"} {
		_, err = config.Load(append(required, "SIGNATURE_ROOTS_FILE="+file))
		require.ErrorContains(t, err, "SIGNATURE_ROOTS_FILE")
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for base, warns := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:8080": true,
		"https://api.example.com": false, "http://10.0.0.1:8080": false,
	} {
		cfg, err := config.Load(append(slices.Clone(required), "PUBLIC_BASE_URL="+base))
		require.NoError(t, err)
		want := []string{"SMS_PROVIDER=log: no code reaches a phone"}
		if warns {
			want = append(want, "PUBLIC_BASE_URL="+base+": links in answers lead to the client's own machine")
		}
		require.Equal(t, want, cfg.Warnings())
		cfg.SMSProvider = config.SMSTwilio
		require.Len(t, cfg.Warnings(), len(want)-1)
	}
}
