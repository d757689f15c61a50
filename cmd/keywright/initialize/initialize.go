// Package initialize is the verb that makes the store, the pepper and the signing key.
//
// Knows: how what was made is shown. Must not know: where things live or what they hold.
package initialize

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the store, the pepper and the signing key",
		Long: `Make the store, the pepper and the signing key, and say where they are. What stands already is left as it is.

store        $KEYWRIGHT_STORE, else $XDG_DATA_HOME/keywright/keywright.db
pepper       $KEYWRIGHT_PEPPER_FILE, else $XDG_CONFIG_HOME/keywright/pepper
signing key  $KEYWRIGHT_SIGNING_KEY_FILE, else $XDG_CONFIG_HOME/keywright/signing.key

Without the pepper no key can be verified again: back it up, and not beside the store.`,
		Example: `  keywright init
  KEYWRIGHT_STORE=postgres://db.example.com/keywright keywright init`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			paths, err := config.PathsFrom(io.Getenv)
			if err != nil {
				return err
			}
			made, err := config.Init(cmd.Context(), paths, rand.Reader, io.Now)
			if err != nil {
				return err
			}
			return tell(io, made, format)
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func tell(io *cmdio.IO, made config.Made, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(map[string]any{
			"store": made.Paths.StoreName(), "store_created": made.StoreCreated,
			"pepper": made.Paths.Pepper, "pepper_created": made.PepperCreated,
			"signing_key": made.Paths.SigningKey, "signing_key_created": made.SigningKeyCreated,
			"store_id": made.StoreID, "public_key": made.PublicKey,
		})
	}
	err := io.Fields(
		"store", standing(made.Paths.StoreName(), made.StoreCreated),
		"pepper", standing(made.Paths.Pepper, made.PepperCreated),
		"signing key", standing(made.Paths.SigningKey, made.SigningKeyCreated),
		"public key", made.PublicKey)
	for _, note := range made.Notes {
		io.Warnf("%s", note)
	}
	io.Notef("back up the pepper, and not beside the store; keep the public key where the store is not")
	return err
}

func standing(path string, created bool) string {
	if created {
		return fmt.Sprintf("%s (made)", path)
	}
	return fmt.Sprintf("%s (stands already)", path)
}
