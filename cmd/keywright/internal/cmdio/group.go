package cmdio

import "github.com/spf13/cobra"

// Group makes cmd a verb that only has verbs below it: alone it prints its help, a wrong one is a usage error.
func Group(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(verbs...)
	cmd.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return Usagef("%s has no verb %q", c.CommandPath(), args[0])
		}
		return c.Help()
	}
	return cmd
}
