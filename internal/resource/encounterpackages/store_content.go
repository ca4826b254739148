package encounterpackages

import (
	"bytes"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/envelope"
)

// read makes documents of content whose shape is right.
func read(sent map[string]any) (*content, error) {
	prepared, _ := prepare(sent).(map[string]any)
	raw, err := bson.Marshal(prepared)
	if err != nil {
		return nil, fmt.Errorf("read the content of a package: %w", err)
	}
	decoder := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(raw)))
	decoder.SetRegistry(received)
	p := &content{sent: sent, refused: map[string]bool{}, codes: map[uuid.UUID]concept{}}
	if err := decoder.Decode(p); err != nil {
		return nil, fmt.Errorf("read the content of a package: %w", err)
	}
	p.class = p.Encounter.Class.Code
	return p, nil
}

// prepare names fields as documents do. What only the answer has (display_value) is left out, and a single concept
// becomes a list where the answer has one.
func prepare(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, field := range value {
			switch key {
			case "id":
				key = "_id"
			case "display_value":
				continue
			case "reasons_not_given", "reason_codes":
				field = []any{field}
			}
			object[key] = prepare(field)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = prepare(item)
		}
		return list
	}
	return value
}

// received reads ids and moments that are texts.
var received = func() *bson.Registry {
	r := bson.NewRegistry()
	text := func(set func(text string) reflect.Value) bson.ValueDecoder {
		return bson.ValueDecoderFunc(func(_ bson.DecodeContext, from bson.ValueReader, to reflect.Value) error {
			sent, err := from.ReadString()
			if err == nil {
				to.Set(set(sent))
			}
			return err //nolint:wrapcheck // read wraps it
		})
	}
	r.RegisterTypeDecoder(reflect.TypeFor[uuid.UUID](), text(func(sent string) reflect.Value {
		id, _ := envelope.ParseID(sent) // a malformed id names nothing
		return reflect.ValueOf(id)
	}))
	r.RegisterTypeDecoder(reflect.TypeFor[time.Time](), text(func(sent string) reflect.Value { return reflect.ValueOf(moment(sent)) }))
	return r
}()
