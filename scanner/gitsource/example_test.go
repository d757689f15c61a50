package gitsource_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	repository, err := gitsource.Open(dir, gitsource.Options{})
	if errors.Is(err, gitsource.ErrNotRepository) {
		fmt.Println("a folder without .git is no repository")
		return
	}
	defer func() { _ = repository.Close() }()
	for blob, err := range repository.History().Blobs(context.Background()) {
		var skip *scanner.Skip
		if errors.As(err, &skip) {
			fmt.Println("not scanned:", skip.Reason)
			continue
		}
		fmt.Println(blob.Kind, len(blob.Data))
	}
	// Output: a folder without .git is no repository
}
