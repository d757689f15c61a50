package stdinsource_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/keywright/keywright/scanner/stdinsource"
)

func ExampleNew() {
	for blob, err := range stdinsource.New(strings.NewReader("hello"), stdinsource.Options{}).Blobs(context.Background()) {
		fmt.Println(blob.Location.Path, len(blob.Data), err)
	}
	// Output: - 5 <nil>
}
