package seal

// Column is a place in PostgreSQL where sealed texts lie.
type Column struct {
	Table, Name  string
	Key, KeyType string // the table's primary key
	Purpose      string // see Keys.Seal
}
