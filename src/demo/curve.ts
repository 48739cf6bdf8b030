// The loss of each step as a line, drawn again with every step.

const margin = { left: 56, right: 12, top: 14, bottom: 34 };
const ink = { line: "#0969da", axis: "#8c959f", text: "#59636e" };

/** Losses of steps 1, 2, ... on axes for `steps` of them, from 0 to the largest. */
export function drawCurve(canvas: HTMLCanvasElement, losses: readonly number[], steps: number): void {
  const scale = globalThis.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  const most = Math.max(...losses, 1e-6);
  const x = (step: number) => margin.left + ((width - margin.left - margin.right) * (step - 1)) / (steps - 1);
  const y = (loss: number) => height - margin.bottom - ((height - margin.top - margin.bottom) * loss) / most;

  context.strokeStyle = ink.axis;
  stroke(context, [
    [x(1), margin.top],
    [x(1), y(0)],
    [x(steps), y(0)],
  ]);
  context.fillStyle = ink.text;
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  for (const loss of [0, most]) context.fillText(loss.toFixed(loss === 0 ? 0 : 4), x(1) - 6, y(loss) + 4);
  context.textAlign = "center";
  for (const step of [1, steps]) context.fillText(String(step), x(step), y(0) + 14);
  context.fillText("step", (x(1) + x(steps)) / 2, y(0) + 28);
  context.textAlign = "left";
  context.fillText("loss", 4, height / 2);

  context.strokeStyle = ink.line;
  context.lineWidth = 2;
  const points = losses.map((loss, i) => [x(i + 1), y(loss)] as const);
  stroke(context, points);
  context.fillStyle = ink.line;
  for (const [px, py] of points) {
    context.beginPath();
    context.arc(px, py, 2.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function stroke(context: CanvasRenderingContext2D, points: readonly (readonly [x: number, y: number])[]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
