package persons

// Statuses of verification, of a stream or of a person.
const (
	Verified              = "VERIFIED"
	NotVerified           = "NOT_VERIFIED"
	VerificationNeeded    = "VERIFICATION_NEEDED"
	VerificationNotNeeded = "VERIFICATION_NOT_NEEDED"
	ChangesNeeded         = "CHANGES_NEEDED"
	InReview              = "IN_REVIEW"
)

// Streams are the registers that a person is checked against.
var Streams = []string{
	"drfo", "dracs_death", "nhs", "unzr", "mvs_passport", "dms_passport", "dracs_birth", "dracs_name_change", "legal_capacity",
}

// Cumulative is the status of a person whose streams have the statuses (wiki
// 18225989067). A stream that needs no verification does not count.
func Cumulative(streams []string) string {
	status := Verified
	for _, stream := range streams {
		switch stream {
		case NotVerified:
			return ChangesNeeded
		case Verified, VerificationNotNeeded:
		default:
			status = VerificationNeeded
		}
	}
	return status
}
