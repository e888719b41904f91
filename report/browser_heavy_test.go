//go:build heavy

package report

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The page opens in a real browser, light and dark, wide and on a phone, without a word on its console.
func TestHeavyPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no chromium here")
	}
	path, err := Write(directory(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range [][]string{{"--window-size=1100,800"}, {"--window-size=390,800"}, {"--window-size=1100,800", "--blink-settings=preferredColorScheme=0"}, {"--print-to-pdf=" + filepath.Join(t.TempDir(), "page.pdf")}} {
		args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--user-data-dir=" + t.TempDir()}, mode...)
		if !strings.HasPrefix(mode[0], "--print") {
			args = append(args, "--dump-dom")
		}
		c := exec.CommandContext(t.Context(), browser, append(args, "file://"+path)...)
		var said strings.Builder
		c.Stderr = &said
		page, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", mode, err, &said)
		}
		if strings.Contains(said.String(), "CONSOLE") {
			t.Errorf("%v: the console says %s", mode, &said)
		}
		if !strings.HasPrefix(mode[0], "--print") && !strings.Contains(string(page), "Student for O, Si") {
			t.Errorf("%v: the page is not there", mode)
		}
	}
}
