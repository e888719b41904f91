package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	page "mlff/report"
)

func reportCommand(t *terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Draw the report of a run again from its files",
		Long: "Draw the HTML page of a run directory again from the files in it. Instead of a run the JSON file of\n" +
			"mlff bench --out may stand; its page takes the file's name.",
		Example: "  mlff report run\n" +
			"  mlff report run --out silicon.html\n" +
			"  mlff report bench.json",
		Args: arguments(1, 1, "a run directory, or the JSON file of mlff bench"),
		RunE: func(_ *cobra.Command, args []string) error { return t.redraw(args[0], out) },
	}
	c.Flags().StringVar(&out, "out", "", "file for the page (default report.html in the run directory)")
	return c
}

// redraw draws the page of a run directory or of a benchmark's JSON and prints where it is.
func (t *terminal) redraw(from, out string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	var read []string // what out must not be
	var draw func(io.Writer) error
	if info.IsDir() {
		run, err := page.Read(from)
		if err != nil {
			return err
		}
		draw, out = run.Render, cmp.Or(out, filepath.Join(from, page.File))
		files, _ := os.ReadDir(from) // Read could
		for _, f := range files {
			if f.Name() != page.File {
				read = append(read, filepath.Join(from, f.Name()))
			}
		}
	} else {
		results, err := page.ReadBench(from)
		if err != nil {
			return err
		}
		draw, out = func(w io.Writer) error { return page.Bench(w, results) }, cmp.Or(out, strings.TrimSuffix(from, ".json")+".html")
		read = []string{from}
	}
	if err := apart(out, read...); err != nil {
		return err
	}
	if err := replaceFile(out, draw); err != nil {
		return err
	}
	if t.json {
		return t.printJSON(map[string]string{"report": out})
	}
	_, err = fmt.Fprintf(t.out, "report %s\n", out)
	return err
}
