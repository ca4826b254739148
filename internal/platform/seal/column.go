package seal

// Column is a place in PostgreSQL where sealed texts lie.
type Column struct {
	Table, Name  string
	Key, KeyType string // the table's primary key
	Purpose      string // see Keys.Seal
	Batch        int    // how many of its texts fit into memory at once; 0: hundreds
}
