// What to do where no GPU was found, for each platform.

const EMBEDDED = "npm install --save-dev @sparticuz/chromium koffi (a software driver, slow, no root needed)";

const ADVICE: Readonly<Record<string, string>> = {
  linux: `Install a Vulkan driver: your GPU vendor's, or Mesa's (Debian, Ubuntu: apt install mesa-vulkan-drivers; on Debian 12 from bookworm-backports; Fedora: dnf install mesa-vulkan-drivers). On x64 without root: ${EMBEDDED}.`,
  darwin: "Metal is part of macOS 12 and later; a virtual machine needs a paravirtualized GPU.",
  win32: "Install your GPU vendor's driver for Direct3D 12; without a GPU Windows offers WARP as a software adapter.",
};

/** One paragraph for `process.platform`, or `browser`. */
export function adviceFor(platform: string): string {
  if (platform === "browser")
    return "Use a current Chrome, Edge, Safari or Firefox, on a page served over https or from localhost, with hardware acceleration on.";
  return ADVICE[platform] ?? `There is no WebGPU for ${platform}.`;
}
