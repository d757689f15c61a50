package postgres

import (
	"embed"
	"io/fs"

	"github.com/keywright/keywright/internal/store"
)

//go:embed queries/*.sql migrations/*.sql
var files embed.FS

func loadTexts() (store.Texts, error) {
	queries, err := fs.Sub(files, "queries")
	if err != nil {
		return nil, err
	}
	return store.LoadTexts(queries)
}
