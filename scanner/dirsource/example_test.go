package dirsource_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/dirsource"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "hello.txt"), []byte("hello"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	for blob, err := range dirsource.New(dir, dirsource.Options{}).Blobs(context.Background()) {
		if err == nil && blob.Kind == scanner.KindFile {
			fmt.Println(blob.Location.Path, len(blob.Data))
		}
	}
	// Output: hello.txt 5
}
